import Martlet
import MartletTesting
import OrderDomain
import Testing

struct StockTests {
    private static let ten = Stock.Event.added(quantity: 10)
    private static let forA = Stock.Event.reserved(order: "a", quantity: 4)

    @Test func `what is reserved is promised to nobody else, and leaves with its order`() {
        Given<Stock>()
            .when(.add(quantity: 5)).then([.added(quantity: 5)])
            .when(.reserve(order: "a", quantity: 4)).then([Self.forA])
            .when(.reserve(order: "b", quantity: 2)).thenRejected(.insufficient(available: 1))
            .when(.dispatch(order: "a")).then([.dispatched(order: "a", quantity: 4)])
            .when(.reserve(order: "b", quantity: 2)).thenRejected(.insufficient(available: 1))
    }

    @Test func `what is released can be reserved again`() {
        Given<Stock>([.added(quantity: 4), Self.forA])
            .when(.release(order: "a")).then([.released(order: "a", quantity: 4)])
            .when(.reserve(order: "b", quantity: 4)).then([.reserved(order: "b", quantity: 4)])
    }

    @Test(arguments: [
        (Stock.Command.reserve(order: "a", quantity: 4), [ten, forA]), (.release(order: "b"), [ten, forA]),
        (.release(order: "a"), []), (.release(order: "a"), [ten, forA, .released(order: "a", quantity: 4)]),
        (.release(order: "a"), [ten, forA, .dispatched(order: "a", quantity: 4)]),
    ])
    func `what there is no need for causes nothing`(command: Stock.Command, past: [Stock.Event]) {
        Given<Stock>(past).when(command).thenNothing()
    }

    @Test(arguments: [
        (Stock.Command.reserve(order: "a", quantity: 5), [ten, forA], Stock.Rejection.reservedOtherwise(quantity: 4)),
        (.reserve(order: "a", quantity: 1), [], .insufficient(available: 0)),
        (.reserve(order: "a", quantity: 0), [ten], .invalidQuantity(0)),
        (.reserve(order: "a", quantity: -1), [ten], .invalidQuantity(-1)),
        (.add(quantity: 0), [], .invalidQuantity(0)), (.add(quantity: .min), [ten], .invalidQuantity(.min)),
        (.add(quantity: .max), [ten], .invalidQuantity(.max)),
        (.dispatch(order: "b"), [ten, forA], .notReserved),
        (.dispatch(order: "a"), [ten, forA, .dispatched(order: "a", quantity: 4)], .notReserved),
    ])
    func `what cannot be is refused`(command: Stock.Command, past: [Stock.Event], rejection: Stock.Rejection) {
        Given<Stock>(past).when(command).thenRejected(rejection)
    }

    @Test func `stored quantities beyond all limits do not stop the program`() {
        for past: [Stock.Event] in [
            [.added(quantity: .max), .added(quantity: .max)],
            [.reserved(order: "a", quantity: .max), .reserved(order: "b", quantity: .max)],
            [.reserved(order: "a", quantity: .min), .released(order: "a", quantity: .max)],
            [.added(quantity: .min), .added(quantity: .min)],
        ] {
            Given<Stock>(past).when(.release(order: "c")).thenNothing()
        }
    }
}
