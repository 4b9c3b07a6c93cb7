import Foundation
import Martlet
import MartletTesting
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

    /// An order that was placed at noon, and to which all this happened since.
    private func placed(_ past: [Order.Event] = []) throws -> Given<Order> {
        Given([.placed(try Self.details())] + past)
    }

    @Test func `an order is placed, paid in whole and shipped`() throws {
        Given<Order>()
            .when(.place(try Self.details())).then([.placed(try Self.details())])
            .when(.pay(at: Self.later)).then([.paid(cents: 1580, at: Self.later)])
            .when(.ship(at: Self.later)).then([.shipped(at: Self.later)])
    }

    @Test(arguments: [([], 0), ([paid], 1580)])
    func `cancelling refunds what was paid`(past: [Order.Event], refund: Int) throws {
        try placed(past).when(.cancel(reason: "late", at: Self.later))
            .then([.cancelled(reason: "late", refundedCents: refund, at: Self.later)])
    }

    @Test(arguments: [
        (Order.Command.pay(at: later), [paid]), (.pay(at: later), [paid, shipped]),
        (.pay(at: later), [paid, refunded]),
        (.ship(at: later), [paid, shipped]), (.cancel(reason: "again", at: later), [cancelled]),
        (.cancel(reason: "again", at: later), [paid, refunded]),
    ])
    func `what was done is not done again`(command: Order.Command, past: [Order.Event]) throws {
        try placed(past).when(command).thenNothing()
    }

    @Test(arguments: [[], [paid], [paid, shipped], [cancelled], [paid, refunded]])
    func `placing the very same order again causes nothing, wherever it stands`(past: [Order.Event]) throws {
        try placed(past).when(.place(Self.details())).thenNothing()
    }

    @Test func `another order under the same id is refused`() throws {
        for other in [try Self.details("Grace"), try Self.details(at: Self.later)] {
            try placed().when(.place(other)).thenRejected(.alreadyPlacedDifferently)
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
        try placed(past).when(command).thenRejected(rejection)
    }

    @Test(arguments: [Order.Command.pay(at: later), .ship(at: later), .cancel(reason: "late", at: later)])
    func `an order that was not placed takes no step`(command: Order.Command) {
        Given<Order>().when(command).thenRejected(.notPlaced)
    }
}
