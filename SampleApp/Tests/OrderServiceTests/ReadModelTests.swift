import Foundation
import Martlet
import MartletTesting
import OrderDomain
import OrderReadModel
import Testing

struct ReadModelTests {
    private let tea = Order.ID("tea")
    private let other = Order.ID("other")
    private let third = Order.ID("third")
    private let noon = Date(timeIntervalSince1970: 1_790_000_000)

    private func details() throws -> OrderDetails {
        let line = try OrderLine(sku: "TEA", name: "Earl Grey", quantity: 2, unitCents: 790)
        return try OrderDetails(customer: "Ada", placedAt: noon, lines: [line])
    }

    @Test func `a summary tells where its order stands`() throws {
        let (later, details) = (noon.addingTimeInterval(60), try details())
        GivenEvents(for: OrderSummaries(), .on(tea, .placed(details), at: noon), .on(other, .placed(details)))
            .when(.on(tea, .paid(cents: 1580, at: later), at: later))
            .then([
                OrderSummary(
                    id: "tea", customer: "Ada", status: .paid, itemCount: 2, totalCents: 1580, placedAt: noon,
                    updatedAt: later, version: 2, position: 3, placedPosition: 1),
                OrderSummary(
                    id: "other", customer: "Ada", status: .placed, itemCount: 2, totalCents: 1580, placedAt: noon,
                    updatedAt: noon.addingTimeInterval(1), version: 1, position: 2, placedPosition: 2),
            ])
    }

    @Test func `an order is in fulfilment until that has ended, whatever its customer wishes`() throws {
        let details = try details()
        let requested = Order.Event.fulfilmentRequested(cents: 1580, demands: details.demands, at: noon)
        let wished = GivenEvents(for: OrderSummaries(), .on(tea, .placed(details), requested))
            .when(.on(tea, .cancellationRequested(reason: "late", at: noon), at: noon))
        let summary = { (status: OrderStatus, version: Int64) in
            OrderSummary(
                id: "tea", customer: "Ada", status: status, itemCount: 2, totalCents: 1580, placedAt: self.noon,
                updatedAt: self.noon, version: version, position: version, placedPosition: 1)
        }
        wished.then([summary(.fulfilling, 3)])
        wished.when(.on(tea, .completed(cents: 1580, at: noon), at: noon)).then([summary(.completed, 4)])
    }

    @Test(.tags(.database)) func `the read models do not depend on how their events come`() async throws {
        let (later, details) = (noon.addingTimeInterval(86_400), try details())
        let events: Happened = .on(
            tea, .placed(details), .paid(cents: 1580, at: noon),
            .cancelled(reason: "late", refundedCents: 1580, at: later))
        let others: Happened = .on(other, .placed(details), .paid(cents: 1580, at: noon), .shipped(at: later))
        let fulfilled: Happened = .on(
            third, .placed(details), .fulfilmentRequested(cents: 1580, demands: details.demands, at: noon),
            .cancellationRequested(reason: "late", at: noon),
            .completed(cents: 1580, at: later))
        try await GivenEvents(for: OrderSummaries(), events, others, fulfilled).checkReplay()
        try await GivenEvents(for: RevenueByDay(), events, others, fulfilled)
            .then(
                "SELECT day, paid_cents, refunded_cents, paid_orders FROM revenue_by_day ORDER BY day",
                [(Day(utc: noon), 3160, 0, 2), (Day(utc: later), 1580, 1580, 1)]
            )
            .checkReplay()
    }
}
