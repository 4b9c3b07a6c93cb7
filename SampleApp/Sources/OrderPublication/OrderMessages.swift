public import Martlet
public import OrderDomain

/// What the shop tells others of its orders, on the topic `orders`; of one order in the order in which it happened.
public struct OrderMessages: Publication {
    public static let name = "order_messages"
    public static let topic = Topic("orders", partitions: 4)
    public static let source = "/martlet/order-service"

    public init() {}

    public func messages(for recorded: Recorded<Order>) -> [IntegrationEvent] {
        let order = recorded.stream.key
        return switch recorded.event {
        case .placed(let details):
            [message("order.placed.v1", OrderPlaced(order, details), about: order)]
        case .paid(let cents, let at):
            [message("order.paid.v1", OrderPaid(order: order, cents: cents, at: at), about: order)]
        case .shipped(let at):
            [message("order.shipped.v1", OrderShipped(order: order, at: at), about: order)]
        case .completed(let cents, let at):
            [message("order.completed.v1", OrderCompleted(order: order, cents: cents, at: at), about: order)]
        case .cancelled(let reason, let refundedCents, let at):
            [
                message(
                    "order.cancelled.v1",
                    OrderCancelled(order: order, reason: reason, refundedCents: refundedCents, at: at), about: order)
            ]
        // What the shop does within itself is nobody else's business.
        case .fulfilmentRequested, .cancellationRequested: []
        }
    }

    private func message(_ type: String, _ data: some Encodable & Sendable, about order: String) -> IntegrationEvent {
        IntegrationEvent(type: type, data: data, subject: order)
    }
}
