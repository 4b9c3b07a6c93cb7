public import FoundationEssentials
public import Martlet
public import OrderDomain

/// A row of `order_summaries`.
public struct OrderSummary: Codable, Hashable, Sendable {
    public let id: String
    public let customer: String
    public let status: OrderStatus
    public let itemCount: Int
    public let totalCents: Int
    public let placedAt: Date
    /// When the order's last event was recorded.
    public let updatedAt: Date
    public let version: Int64
    /// The position of the order's last event.
    public let position: Int64
    /// The position at which it was placed, by which lists are ordered.
    public let placedPosition: Int64

    static let columns: SQL = """
        order_id, customer, status, item_count, total_cents, placed_at, updated_at, version, last_position,
        placed_position
        """

    /// - Throws: ``PostgresDecodingError`` when the table is not what its migration made.
    init(_ row: Row) throws(PostgresDecodingError) {
        (id, customer, status, itemCount, totalCents, placedAt, updatedAt, version, position, placedPosition) =
            try row.decode(
                String.self, String.self, OrderStatus.self, Int.self, Int.self, Date.self, Date.self, Int64.self,
                Int64.self, Int64.self)
    }
}

extension OrderStatus: PostgresDecodable {
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        let name = try String(field: field)
        guard let status = OrderStatus(rawValue: name) else {
            throw .malformed("expected a status of an order, found \"\(name)\"")
        }
        self = status
    }
}
