/// What came in and went out on one day, in UTC.
public struct DayRevenue: Codable, Hashable, Sendable {
    /// As `2026-10-25`.
    public let day: String
    public let paidCents: Int
    public let refundedCents: Int
    public let paidOrders: Int
    public let refundedOrders: Int

    public init(day: String, paidCents: Int, refundedCents: Int, paidOrders: Int, refundedOrders: Int) {
        self.day = day
        (self.paidCents, self.refundedCents) = (paidCents, refundedCents)
        (self.paidOrders, self.refundedOrders) = (paidOrders, refundedOrders)
    }

    public var revenueCents: Int { paidCents - refundedCents }
}
