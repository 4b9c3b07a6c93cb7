import Foundation
import Martlet
import OrderDomain
import Testing

struct OrderTests {
    private static let noon = Date(timeIntervalSince1970: 1_790_000_000)
    private static let later = noon.addingTimeInterval(3600)
    private static let paid = Order.Event.paid(cents: 1580, at: noon)
    private static let shipped = Order.Event.shipped(at: noon)
    private static let refunded = Order.Event.cancelled(reason: "late", refundedCents: 1580, at: noon)
    private static let cancelled = Order.Event.cancelled(reason: "late", refundedCents: 0, at: noon)

    private static func details(_ customer: String = "Ada", at time: Date = noon) throws -> OrderDetails {
        try OrderDetails(
            customer: customer, placedAt: time, lines: [OrderLine(sku: "T", name: "Tea", quantity: 2, unitCents: 790)])
    }

    /// What an order with this past decides.
    private func decide(_ command: Order.Command, after events: [Order.Event]) throws -> [Order.Event] {
        var order = Order()
        for event in events { order.apply(event) }
        return try order.decide(command)
    }

    @Test func `placing an order records it`() throws {
        #expect(try decide(.place(Self.details()), after: []) == [.placed(Self.details())])
    }

    @Test func `paying takes the whole total`() throws {
        #expect(
            try decide(.pay(at: Self.later), after: [.placed(Self.details())]) == [.paid(cents: 1580, at: Self.later)])
    }

    @Test func `a paid order is shipped`() throws {
        #expect(
            try decide(.ship(at: Self.later), after: [.placed(Self.details()), Self.paid]) == [.shipped(at: Self.later)]
        )
    }

    @Test(arguments: [([], 0), ([paid], 1580)])
    func `cancelling refunds what was paid`(past: [Order.Event], refund: Int) throws {
        let events = try decide(.cancel(reason: "late", at: Self.later), after: [.placed(Self.details())] + past)
        #expect(events == [.cancelled(reason: "late", refundedCents: refund, at: Self.later)])
    }

    @Test(arguments: [
        (Order.Command.pay(at: later), [paid]), (.pay(at: later), [paid, shipped]),
        (.pay(at: later), [paid, refunded]),
        (.ship(at: later), [paid, shipped]), (.cancel(reason: "again", at: later), [cancelled]),
        (.cancel(reason: "again", at: later), [paid, refunded]),
    ])
    func `what was done is not done again`(command: Order.Command, past: [Order.Event]) throws {
        #expect(try decide(command, after: [.placed(Self.details())] + past).isEmpty)
    }

    @Test(arguments: [[], [paid], [paid, shipped], [cancelled], [paid, refunded]])
    func `placing the very same order again causes nothing, wherever it stands`(past: [Order.Event]) throws {
        #expect(try decide(.place(Self.details()), after: [.placed(Self.details())] + past).isEmpty)
    }

    @Test func `another order under the same id is refused`() throws {
        for other in [try Self.details("Grace"), try Self.details(at: Self.later)] {
            #expect(throws: Order.Rejection.alreadyPlacedDifferently) {
                try decide(.place(other), after: [.placed(Self.details())])
            }
        }
    }

    @Test(arguments: [
        (Order.Command.ship(at: later), [], Order.Rejection.notPaid), (.ship(at: later), [cancelled], .cancelled),
        (.ship(at: later), [paid, refunded], .cancelled), (.pay(at: later), [cancelled], .cancelled),
        (.cancel(reason: "late", at: later), [paid, shipped], .alreadyShipped),
    ])
    func `a step that its past forbids is refused`(
        command: Order.Command, past: [Order.Event], rejection: Order.Rejection
    ) throws {
        let details = try Self.details()
        #expect(throws: rejection) { try decide(command, after: [.placed(details)] + past) }
    }

    @Test(arguments: [Order.Command.pay(at: later), .ship(at: later), .cancel(reason: "late", at: later)])
    func `an order that was not placed takes no step`(command: Order.Command) {
        #expect(throws: Order.Rejection.notPlaced) { try decide(command, after: []) }
    }
}
