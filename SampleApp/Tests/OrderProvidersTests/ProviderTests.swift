import Martlet
import MartletTesting
import Testing

@testable import OrderProviders

extension Tag {
    @Tag static var database: Self
}

/// The providers on a database of their own.
struct Providers: Sendable {
    let pool: ConnectionPool
    let ledger: ProviderLedger

    static func open(_ body: (Providers) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 4)
            let providers = Providers(pool: pool, ledger: ProviderLedger(pool))
            try await providers.ledger.prepare()
            try await body(providers)
        }
    }

    func payment(_ behaviour: SimulatorBehaviour = SimulatorBehaviour()) -> PaymentSimulator {
        PaymentSimulator(ledger, behaviour)
    }

    func shipping(_ behaviour: SimulatorBehaviour = SimulatorBehaviour()) -> ShippingSimulator {
        ShippingSimulator(ledger, behaviour)
    }

    /// What is in the ledger, in its order.
    var entries: [String] {
        get async throws {
            try await pool.query(
                "SELECT order_id || ' ' || kind || ' ' || cents FROM providers.ledger ORDER BY entry_id"
            ).map { row in try row.decode(String.self) }
        }
    }

    /// How often a key came.
    func calls(_ key: String) async throws -> Int {
        try await pool.query("SELECT calls FROM providers.calls WHERE key = \(key)").first?.decode(Int.self) ?? 0
    }

    /// Asks until the answer is yes, for a minute.
    func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

@Suite(.tags(.database)) struct ProviderTests {
    @Test func `the same key gets the same answer, and makes no second entry`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let bank = providers.payment()
            for _ in 0..<3 {
                #expect(try await bank.perform(.authorise(order: "a", cents: 100), key: "1") == .authorised)
            }
            #expect(try await bank.perform(.void(order: "a"), key: "2") == .voided)
            // Whatever has happened since.
            #expect(try await bank.perform(.authorise(order: "a", cents: 100), key: "1") == .authorised)
            #expect(try await providers.entries == ["a authorised 100", "a voided 100"])
            #expect(try await providers.calls("1") == 4)
        }
    }

    @Test func `a refusal stays a refusal under its key`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let bank = providers.payment()
            let early = PaymentRequest.capture(order: "a", cents: 100)
            #expect(try await bank.perform(early, key: "1") == .refused(reason: "nothing was authorised"))
            #expect(try await bank.perform(.authorise(order: "a", cents: 100), key: "2") == .authorised)
            #expect(try await bank.perform(early, key: "1") == .refused(reason: "nothing was authorised"))
            #expect(try await bank.perform(early, key: "3") == .captured)
        }
    }

    @Test func `a key that belongs to another request is refused`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let bank = providers.payment()
            let refused = PaymentAnswer.refused(reason: "the key belongs to another request")
            #expect(try await bank.perform(.authorise(order: "a", cents: 100), key: "1") == .authorised)
            #expect(try await bank.perform(.authorise(order: "a", cents: 200), key: "1") == refused)
            #expect(try await bank.perform(.authorise(order: "a", cents: 100), key: "1") == .authorised)
            #expect(try await providers.entries == ["a authorised 100"])
            // The two providers know nothing of each other's keys.
            #expect(try await providers.shipping().perform(.cancel(order: "a"), key: "1") == .cancelled)
        }
    }

    @Test func `of many calls with one key at once one makes an entry`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let (bank, carrier) = (providers.payment(), providers.shipping())
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await bank.perform(.authorise(order: "a", cents: 100), key: "1") == .authorised
                    }
                    group.addTask {
                        if case .booked = try await carrier.perform(.book(order: "a"), key: "2") { true } else { false }
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(try await providers.entries.sorted() == ["a authorised 100", "a booked 0"])
            #expect(try await providers.calls("1") == 8)
        }
    }

    @Test func `what comes under another key is done again, as it would be in earnest`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            _ = try await providers.payment().perform(.authorise(order: "a", cents: 100), key: "1")
            _ = try await providers.payment().perform(.authorise(order: "a", cents: 100), key: "2")
            let first = try await providers.shipping().perform(.book(order: "a"), key: "1")
            #expect(try await providers.shipping().perform(.book(order: "a"), key: "2") != first)
            #expect(
                try await providers.entries == ["a authorised 100", "a authorised 100", "a booked 0", "a booked 0"])
        }
    }

    @Test func `a request that arrives after it was given up is refused`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let (bank, carrier) = (providers.payment(), providers.shipping())
            #expect(try await bank.perform(.void(order: "a"), key: "1") == .voided)
            let late = try await bank.perform(.authorise(order: "a", cents: 100), key: "2")
            #expect(late == .refused(reason: "it was voided before"))
            #expect(try await carrier.perform(.cancel(order: "a"), key: "3") == .cancelled)
            let lateBooking = try await carrier.perform(.book(order: "a"), key: "4")
            #expect(lateBooking == .refused(reason: "it was cancelled before"))
            #expect(try await providers.entries == ["a voided 0", "a refused 0", "a cancelled 0", "a refused 0"])
        }
    }

    static let authorise = PaymentRequest.authorise(order: "a", cents: 100)
    static let capture = PaymentRequest.capture(order: "a", cents: 100)
    static let refund = PaymentRequest.refund(order: "a", cents: 100)

    static let void = PaymentRequest.void(order: "a")
    static let tooMuch = PaymentAnswer.refused(reason: "expected 0 to 100 cents, found 101")
    static let captured = PaymentAnswer.refused(reason: "it was captured before")

    @Test(arguments: [
        ([authorise, capture], void, captured), ([authorise, capture], capture, captured),
        ([authorise, capture], refund, .refunded), ([authorise, capture, refund], refund, .refunded),
        ([authorise, capture], .refund(order: "a", cents: 101), tooMuch),
        ([authorise], .capture(order: "a", cents: 101), tooMuch),
        ([authorise], .capture(order: "a", cents: -1), .refused(reason: "expected 0 to 100 cents, found -1")),
        ([authorise], refund, .refunded), ([authorise, refund], void, .voided),
        ([authorise, refund], capture, .refused(reason: "it was given up before")),
        ([authorise, capture, refund], void, .voided),
        ([authorise, void], capture, .refused(reason: "it was voided before")),
        ([authorise, void], void, .voided),
        ([], .authorise(order: "a", cents: -1), .refused(reason: "expected 0 cents or more, found -1")),
        ([.authorise(order: "a", cents: 0)], .capture(order: "a", cents: 0), .captured),
        (Array(repeating: .authorise(order: "a", cents: .max), count: 2), void, .voided),
    ])
    func `the bank answers by what has happened before`(
        past: [PaymentRequest], request: PaymentRequest, answer: PaymentAnswer
    ) async throws {
        try await Providers.open { (providers: Providers) async throws in
            for (number, request) in past.enumerated() {
                _ = try await providers.payment().perform(request, key: "\(number)")
            }
            #expect(try await providers.payment().perform(request, key: "last") == answer)
        }
    }

    @Test func `the tables are made once`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            _ = try await providers.payment().perform(Self.authorise, key: "1")
            try await providers.ledger.prepare()
            #expect(try await providers.entries == ["a authorised 100"])
        }
    }
}
