import Foundation
import Martlet
import MartletTesting
import OrderDomain
import Testing

struct OrderFulfilmentTests {
    private static let noon = Date(timeIntervalSince1970: 1_790_000_000)
    private static let later = noon.addingTimeInterval(3600)
    private static let requested = Order.Event.fulfilmentRequested(
        cents: 1580, demands: [Demand(article: "T", quantity: 2)], at: noon)
    private static let unwanted = Order.Event.cancellationRequested(reason: "late", at: noon)
    private static let completed = Order.Event.completed(cents: 1580, at: noon)
    private static let abandoned = Order.Event.cancelled(reason: "no stock", refundedCents: 0, at: noon)
    private static let paid = Order.Event.paid(cents: 1580, at: noon)
    private static let shipped = Order.Event.shipped(at: noon)

    private func placed(_ past: [Order.Event] = []) throws -> Given<Order> {
        let line = try OrderLine(sku: "T", name: "Tea", quantity: 2, unitCents: 790)
        return Given([.placed(try OrderDetails(customer: "Ada", placedAt: Self.noon, lines: [line]))] + past)
    }

    @Test func `an order is fulfilled to its whole total`() throws {
        try placed()
            .when(.fulfil(at: Self.noon)).then([Self.requested])
            .when(.complete(at: Self.later)).then([.completed(cents: 1580, at: Self.later)])
    }

    @Test func `an abandoned order is cancelled, and nothing is refunded`() throws {
        try placed([Self.requested]).when(.abandon(reason: "no stock", at: Self.later))
            .then([.cancelled(reason: "no stock", refundedCents: 0, at: Self.later)])
    }

    @Test func `cancelling an order in fulfilment is a wish, once, and no obstacle to its end`() throws {
        try placed([Self.requested])
            .when(.cancel(reason: "late", at: Self.noon)).then([Self.unwanted])
            .when(.cancel(reason: "too late", at: Self.later)).thenNothing()
            .when(.complete(at: Self.later)).then([.completed(cents: 1580, at: Self.later)])
    }

    @Test(arguments: [
        (Order.Command.fulfil(at: later), [requested]), (.fulfil(at: later), [requested, unwanted]),
        (.fulfil(at: later), [requested, completed]), (.fulfil(at: later), [requested, abandoned]),
        (.complete(at: later), [requested, completed]), (.abandon(reason: "x", at: later), [requested, abandoned]),
        (.abandon(reason: "x", at: later), [abandoned]), (.cancel(reason: "x", at: later), [requested, abandoned]),
        (.pay(at: later), [requested, completed]), (.ship(at: later), [requested, completed]),
    ])
    func `what was done is not done again`(command: Order.Command, past: [Order.Event]) throws {
        try placed(past).when(command).thenNothing()
    }

    @Test(arguments: [
        (Order.Command.pay(at: later), [requested], Order.Rejection.inFulfilment),
        (.ship(at: later), [requested, unwanted], .inFulfilment),
        (.cancel(reason: "late", at: later), [requested, completed], .alreadyShipped),
        (.fulfil(at: later), [paid], .alreadyPaid), (.fulfil(at: later), [paid, shipped], .alreadyShipped),
        (.fulfil(at: later), [abandoned], .cancelled), (.pay(at: later), [requested, abandoned], .cancelled),
        (.complete(at: later), [], .notInFulfilment), (.complete(at: later), [paid], .notInFulfilment),
        (.complete(at: later), [requested, abandoned], .cancelled),
        (.abandon(reason: "x", at: later), [], .notInFulfilment),
        (.abandon(reason: "x", at: later), [paid, shipped], .notInFulfilment),
        (.abandon(reason: "x", at: later), [requested, completed], .alreadyShipped),
    ])
    func `a step that its past forbids is refused`(
        command: Order.Command, past: [Order.Event], rejection: Order.Rejection
    ) throws {
        try placed(past).when(command).thenRejected(rejection)
    }

    @Test(arguments: [Order.Command.fulfil(at: later), .complete(at: later), .abandon(reason: "x", at: later)])
    func `an order that was not placed is not fulfilled`(command: Order.Command) {
        Given<Order>().when(command).thenRejected(.notPlaced)
    }
}
