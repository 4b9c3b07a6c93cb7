import Martlet
import OrderDomain
import OrderFulfilment
import Testing

@testable import OrderProviders

/// Each trouble alone: how the order ends, and that what was done is undone, backwards.
@Suite(.tags(.database)) struct TroubleTests {
    private let always = SimulatorBehaviour(declined: 1)

    @Test func `without troubles the goods are sent and the money is kept`() async throws {
        try await TroubledShop.open { shop in
            try await shop.stock("TEA", 5)
            try await shop.stock("COFFEE", 5)
            try await shop.placeOrder("a", ["TEA": 2, "COFFEE": 1])
            try await shop.settle()
            #expect(try await shop.end(of: "a") == "completed")
            #expect(try await shop.ledger(of: "a") == ["authorised", "booked", "captured"])
            #expect(try await shop.events(of: "payment-a") == ["payment.authorised", "payment.captured"])
            #expect(try await shop.events(of: "shipment-a") == ["shipment.booked", "shipment.dispatched"])
            #expect(try await shop.events(of: "stock-TEA").suffix(2) == ["stock.reserved", "stock.dispatched"])
        }
    }

    @Test func `a declined payment gives back the goods, and there is nothing to void`() async throws {
        try await TroubledShop.open(payment: always) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder("a")
            try await shop.settle()
            #expect(try await shop.end(of: "a") == "compensated, the payment was declined: insufficient funds")
            #expect(try await shop.ledger(of: "a") == ["declined"])
            #expect(try await shop.events(of: "payment-a") == ["payment.declined"])
            #expect(try await shop.events(of: "stock-TEA").suffix(2) == ["stock.reserved", "stock.released"])
            #expect(try await shop.events(of: "order-a").last == "order.cancelled")
        }
    }

    @Test func `what cannot be delivered is not paid`() async throws {
        try await TroubledShop.open(shipping: always) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder("a")
            try await shop.settle()
            #expect(try await shop.end(of: "a") == "compensated, it cannot be delivered: no such address")
            #expect(try await shop.ledger(of: "a") == ["authorised", "undeliverable", "voided"])
            #expect(try await shop.events(of: "payment-a") == ["payment.authorised", "payment.voided"])
            #expect(try await shop.events(of: "shipment-a") == ["shipment.failed"])
        }
    }

    @Test func `technical errors are got over`() async throws {
        let failing = SimulatorBehaviour(failing: 1)
        try await TroubledShop.open(payment: failing, shipping: failing) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder("a")
            try await shop.settle()
            #expect(try await shop.end(of: "a") == "completed")
            #expect(try await shop.ledger(of: "a") == ["authorised", "booked", "captured"])
        }
    }

    @Test(arguments: [false, true])
    func `a silent payment provider is given up, whether it has set the money aside or not`(takesEffect: Bool)
        async throws
    {
        let silent = SimulatorBehaviour(silent: 1)
        let order = try #require(
            Self.order { silent.conduct(.authorise($0)) == .staysSilent(takesEffect: takesEffect) })
        try await TroubledShop.open(payment: silent) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder(order)
            try await shop.settle()
            #expect(try await shop.end(of: order).hasPrefix("compensated, no answer to authorise: "))
            #expect(try await shop.ledger(of: order) == (takesEffect ? ["authorised", "voided"] : ["voided"]))
            #expect(try await shop.events(of: "stock-TEA").last == "stock.released")
        }
    }

    @Test(arguments: [false, true])
    func `a silent carrier is given up, whether it has booked the parcel or not`(takesEffect: Bool) async throws {
        let silent = SimulatorBehaviour(silent: 1)
        let order = try #require(
            Self.order { order in
                silent.conduct(ShippingRequest.book(order: order), attempt: 1)
                    == .staysSilent(takesEffect: takesEffect)
            })
        try await TroubledShop.open(shipping: silent) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder(order)
            try await shop.settle()
            #expect(try await shop.end(of: order).hasPrefix("compensated, no answer to book: "))
            let parcel = takesEffect ? ["booked", "cancelled"] : ["cancelled"]
            #expect(try await shop.ledger(of: order) == ["authorised"] + parcel + ["voided"])
        }
    }

    @Test(arguments: [false, true])
    func `money that may have been taken is given back when nobody says so`(takesEffect: Bool) async throws {
        let seldom = SimulatorBehaviour(silent: 0.2)
        let order = try #require(
            Self.order { order in
                let others: [PaymentRequest] = [
                    .authorise(order), .void(order: order), .refund(order: order, cents: 790),
                ]
                return others.allSatisfy { seldom.conduct($0) == .answers }
                    && seldom.conduct(.capture(order: order, cents: 790)) == .staysSilent(takesEffect: takesEffect)
            })
        // A single try: at the second the capture would be answered.
        let policy = CallPolicy(timeout: .seconds(1), attempts: 1, pause: .milliseconds(20))
        try await TroubledShop.open(payment: seldom, policy: policy) { shop in
            try await shop.stock("TEA", 5)
            try await shop.placeOrder(order)
            try await shop.settle()
            #expect(try await shop.end(of: order).hasPrefix("compensated, no answer to capture: "))
            let money = takesEffect ? ["captured", "refunded"] : ["refunded"]
            let rest = ["cancelled", takesEffect ? "unchanged" : "voided"]
            #expect(try await shop.ledger(of: order) == ["authorised", "booked"] + money + rest)
        }
    }

    @Test func `what is not in stock is not ordered half`() async throws {
        try await TroubledShop.open { shop in
            try await shop.stock("TEA", 5)
            try await shop.stock("COFFEE", 5)
            try await shop.stock("KETTLE", 1)
            for order in ["a", "b"] { try await shop.placeOrder(order, ["TEA": 1, "KETTLE": 1, "COFFEE": 2]) }
            try await shop.settle()
            let ends = [try await shop.end(of: "a"), try await shop.end(of: "b")].sorted()
            #expect(
                ends == ["compensated, out of stock: KETTLE, expected enough of the article, found 0", "completed"])
            #expect(try await shop.events(of: "stock-KETTLE") == ["stock.added", "stock.reserved", "stock.dispatched"])
            #expect(try await shop.events(of: "stock-TEA").filter { $0 == "stock.released" }.count == 1)
            #expect(try await shop.events(of: "stock-COFFEE").filter { $0 == "stock.released" }.count == 1)
        }
    }

    /// An id that a seeded behaviour treats in some way.
    private static func order(where isRight: (String) -> Bool) -> String? {
        (0..<10_000).lazy.map { "o\($0)" }.first(where: isRight)
    }
}

extension SimulatorBehaviour {
    fileprivate func conduct(_ request: PaymentRequest) -> Conduct { conduct(request, attempt: 1) }
}

extension PaymentRequest {
    fileprivate static func authorise(_ order: String) -> PaymentRequest { .authorise(order: order, cents: 790) }
}
