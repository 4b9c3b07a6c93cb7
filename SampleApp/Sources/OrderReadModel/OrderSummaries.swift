public import Martlet
public import OrderDomain

/// Keeps the table `order_summaries`: where each order stands.
public struct OrderSummaries: TableProjection {
    public static let name = "order_summaries"
    public static let partitions = 4
    public static let isKeyedByStream = true

    public init() {}

    public func key(of recorded: Recorded<Order>) -> String? { recorded.stream.key }

    public func apply(_ recorded: Recorded<Order>, to row: inout OrderSummary?) {
        switch recorded.event {
        case .placed(let details): row = OrderSummary(details, recorded)
        case .paid: row?.change(to: .paid, recorded)
        case .shipped: row?.change(to: .shipped, recorded)
        case .fulfilmentRequested, .cancellationRequested: row?.change(to: .fulfilling, recorded)
        case .completed: row?.change(to: .completed, recorded)
        case .cancelled: row?.change(to: .cancelled, recorded)
        }
    }
}

extension OrderSummary {
    fileprivate init(_ details: OrderDetails, _ recorded: Recorded<Order>) {
        let position = recorded.position.rawValue
        self.init(
            id: recorded.stream.key, customer: details.customer, status: .placed, itemCount: details.itemCount,
            totalCents: details.totalCents, placedAt: details.placedAt, updatedAt: recorded.recordedAt,
            version: recorded.version.rawValue, position: position, placedPosition: position)
    }

    fileprivate mutating func change(to status: OrderStatus, _ recorded: Recorded<Order>) {
        self.status = status
        (version, position) = (recorded.version.rawValue, recorded.position.rawValue)
        updatedAt = recorded.recordedAt
    }
}
