public import Martlet
public import OrderDomain

/// Keeps the table `order_summaries`: where each order stands.
public struct OrderSummaries: Projection {
    public static let name = "order_summaries"

    public init() {}

    public func project(_ recorded: Recorded<Order>, in transaction: Transaction) async throws {
        switch recorded.event {
        case .placed(let details): try await transaction.execute(insertion(of: details, recorded))
        case .paid: try await transaction.execute(change(to: .paid, recorded))
        case .shipped: try await transaction.execute(change(to: .shipped, recorded))
        case .cancelled: try await transaction.execute(change(to: .cancelled, recorded))
        }
    }

    private func insertion(of details: OrderDetails, _ recorded: Recorded<Order>) -> SQL {
        """
        INSERT INTO \(ShopSchema.name).order_summaries (placed_position, last_position, version, total_cents,
            item_count, placed_at, updated_at, order_id, customer, status)
        VALUES (\(recorded.position.rawValue), \(recorded.position.rawValue), \(recorded.version.rawValue),
            \(details.totalCents), \(details.itemCount), \(details.placedAt), \(recorded.recordedAt),
            \(recorded.stream.key), \(details.customer), \(OrderStatus.placed.rawValue))
        """
    }

    private func change(to status: OrderStatus, _ recorded: Recorded<Order>) -> SQL {
        """
        UPDATE \(ShopSchema.name).order_summaries SET status = \(status.rawValue),
            last_position = \(recorded.position.rawValue), version = \(recorded.version.rawValue),
            updated_at = \(recorded.recordedAt)
        WHERE order_id = \(recorded.stream.key)
        """
    }
}
