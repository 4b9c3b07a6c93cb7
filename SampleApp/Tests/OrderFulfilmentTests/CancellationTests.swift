import FoundationEssentials
import Martlet
import MartletTesting
import OrderDomain
import OrderProviders
import Testing

@testable import OrderFulfilment

@Suite(.tags(.database)) struct CancellationTests {
    /// Providers take long enough for the customer to come in between.
    private static let slow = SimulatorBehaviour(delay: .seconds(4) ... .seconds(4))
    private static let policy = CallPolicy(timeout: .seconds(20))

    @Test(arguments: ["authorising", "booking", "capturing"])
    func `a customer's wish undoes what was done until then`(phase: String) async throws {
        let payment = phase == "booking" ? SimulatorBehaviour() : Self.slow
        let shipping = phase == "booking" ? Self.slow : SimulatorBehaviour()
        try await TroubledShop.open(payment: payment, shipping: shipping, policy: Self.policy) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder("a")
            try await shop.waitForPhase(phase, of: "a")
            try await shop.cancelOrder("a")
            try await shop.settle()
            #expect(try await shop.end(of: "a") == "compensated, the customer cancelled: late")
            #expect(try await shop.events(of: "stock-TEA").last == "stock.released")
            let entries = try await shop.ledger(of: "a")
            switch phase {
            case "authorising": #expect(entries.last == "voided")
            case "booking": #expect(Array(entries.suffix(2)) == ["cancelled", "voided"])
            default: #expect(entries.contains("refunded") && entries.contains("cancelled"))
            }
        }
    }

    @Test func `a wish that comes right behind the order finds no more than a reservation`() async throws {
        try await TroubledShop.open(
            before: { shop in
                try await shop.stock("TEA", 5)
                try await shop.placeOrder("a")
                try await shop.cancelOrder("a")
            },
            { shop in
                try await shop.settle()
                #expect(try await shop.end(of: "a") == "compensated, the customer cancelled: late")
                #expect(try await shop.ledger(of: "a") == [])
                #expect(
                    try await shop.events(of: "stock-TEA") == ["stock.added", "stock.reserved", "stock.released"])
            })
    }

    @Test func `once the money is taken it is too late`() throws {
        var fulfilment = OrderFulfilment()
        (fulfilment.order, fulfilment.stage) = ("a", .completing)
        let wish = Recorded<Order>(
            id: UUID(), stream: Order.ID("a"), version: 3, position: 30, recordedAt: TroubledShop.noon, metadata: .none,
            event: .cancellationRequested(reason: "late", at: TroubledShop.noon))
        #expect(try fulfilment.react(to: .order(wish)).isEmpty)
        #expect(fulfilment.phase == "completing")
    }

    @Test func `an answer that cannot come there is left to an operator`() {
        var fulfilment = OrderFulfilment()
        (fulfilment.order, fulfilment.stage) = ("a", .booking)
        let answer = Answer<PaymentSimulator>(
            step: "capture", outcome: .answered(.captured), at: TroubledShop.noon)
        #expect(throws: OutOfPlace.self) { try fulfilment.react(to: .payment(answer)) }
    }
}
