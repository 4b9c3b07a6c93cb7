public import OrderDomain

/// The orders of one state.
public struct StatusTally: Codable, Hashable, Sendable {
    public let status: OrderStatus
    public let orders: Int
    public let items: Int
    public let totalCents: Int

    public init(status: OrderStatus, orders: Int, items: Int, totalCents: Int) {
        (self.status, self.orders, self.items, self.totalCents) = (status, orders, items, totalCents)
    }
}
