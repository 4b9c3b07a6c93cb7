public import FoundationEssentials
public import Martlet
public import OrderDomain

/// A row of `order_summaries`: what a clerk wants to see of an order.
public struct OrderSummary: Codable, Hashable, Sendable {
    public let id: String
    public let customer: String
    public internal(set) var status: OrderStatus
    public let itemCount: Int
    public let totalCents: Int
    public let placedAt: Date
    /// When the order's last event was recorded.
    public internal(set) var updatedAt: Date
    public internal(set) var version: Int64
    /// The position of the order's last event.
    public internal(set) var position: Int64
    /// The position at which it was placed, by which lists are ordered.
    public let placedPosition: Int64

    public init(
        id: String, customer: String, status: OrderStatus, itemCount: Int, totalCents: Int, placedAt: Date,
        updatedAt: Date, version: Int64, position: Int64, placedPosition: Int64
    ) {
        (self.id, self.customer, self.status) = (id, customer, status)
        (self.itemCount, self.totalCents, self.placedAt, self.updatedAt) = (itemCount, totalCents, placedAt, updatedAt)
        (self.version, self.position, self.placedPosition) = (version, position, placedPosition)
    }
}

extension OrderSummary: TableRow {
    public var key: String { id }

    public static let table = Table<OrderSummary>(
        "order_summaries", key: Column("order_id", \.id),
        columns: Column("customer", \.customer), Column("status", \.status), Column("item_count", \.itemCount),
        Column("total_cents", \.totalCents), Column("placed_at", \.placedAt), Column("updated_at", \.updatedAt),
        Column("version", \.version), Column("last_position", \.position, comment: "of the order's last event"),
        Column("placed_position", \.placedPosition, comment: "the order of lists, and the key of their pages"),
        indexes: [.unique(on: "placed_position"), .index(on: "status", "placed_position")],
        comment: "One row per order, made from the log; can be dropped and built again.", make: OrderSummary.init)

    static let columns: SQL = """
        order_id, customer, status, item_count, total_cents, placed_at, updated_at, version, last_position,
        placed_position
        """

    /// - Throws: ``PostgresDecodingError`` when the table is not what ``table`` declares.
    init(_ row: Row) throws(PostgresDecodingError) {
        let (id, customer, status, itemCount, totalCents, placedAt, updatedAt, version, position, placedPosition) =
            try row.decode(
                String.self, String.self, OrderStatus.self, Int.self, Int.self, Date.self, Date.self, Int64.self,
                Int64.self, Int64.self)
        self.init(
            id: id, customer: customer, status: status, itemCount: itemCount, totalCents: totalCents,
            placedAt: placedAt, updatedAt: updatedAt, version: version, position: position,
            placedPosition: placedPosition)
    }
}

extension OrderStatus: PostgresCodable {}
