import Martlet
import Testing

@testable import OrderProviders

/// What the seed decides; no database is needed.
struct SimulatorBehaviourTests {
    private let requests = (0..<4000).map { PaymentRequest.authorise(order: "2026-\($0)", cents: 100) }

    @Test(arguments: [0.0, 0.05, 0.3, 1])
    func `as many orders are declined as asked for`(share: Double) {
        let behaviour = SimulatorBehaviour(seed: 7, declined: share)
        let declined = Double(requests.count { behaviour.declines($0) }) / Double(requests.count)
        #expect(abs(declined - share) < 0.02)
    }

    @Test func `troubles come by the seed, the order and the kind of request, and by nothing else`() {
        let behaviour = SimulatorBehaviour(seed: 7, declined: 0.5)
        #expect(requests.map(behaviour.declines) == requests.map(behaviour.declines))
        var other = behaviour
        other.seed = 8
        #expect(requests.map(behaviour.declines) != requests.map(other.declines))
        let dearer = PaymentRequest.authorise(order: "2026-0", cents: 5000)
        #expect(behaviour.declines(requests[0]) == behaviour.declines(dearer))
        let voids = requests.map { PaymentRequest.void(order: $0.order) }
        #expect(requests.map(behaviour.declines) != voids.map(behaviour.declines))
    }

    // Worked out by another program.
    @Test func `the hash is the same in every build`() {
        var hash = StableHash(seed: 7)
        hash.add("2026-1")
        #expect(hash.value == 1_493_643_160_428_980_001)
    }

    @Test func `a silence about something new never ends, and half of it takes effect`() {
        let behaviour = SimulatorBehaviour(seed: 7, silent: 1)
        let conducts = requests.map { behaviour.conduct($0, attempt: 9) }
        let effective = conducts.count { $0 == .staysSilent(takesEffect: true) }
        #expect((1800...2200).contains(effective))
        #expect(conducts.count { $0 == .staysSilent(takesEffect: false) } == 4000 - effective)
    }

    @Test func `who takes something back is left waiting once`() {
        let behaviour = SimulatorBehaviour(seed: 7, silent: 1)
        #expect(behaviour.conduct(PaymentRequest.void(order: "a"), attempt: 1) != .answers)
        #expect(behaviour.conduct(PaymentRequest.void(order: "a"), attempt: 2) == .answers)
        #expect(behaviour.conduct(ShippingRequest.cancel(order: "a"), attempt: 2) == .answers)
    }

    @Test func `a provider that fails does so once or twice`() {
        let behaviour = SimulatorBehaviour(seed: 7, failing: 1)
        func failures(_ attempt: Int) -> Int { requests.count { behaviour.conduct($0, attempt: attempt) != .answers } }
        #expect(failures(1) == 4000)
        #expect((1800...2200).contains(failures(2)))
        #expect(failures(3) == 0)
    }

    @Test func `an answer takes as long as it may`() {
        let behaviour = SimulatorBehaviour(seed: 7, delay: .milliseconds(10) ... .milliseconds(30))
        let delays = requests.map(behaviour.delay)
        #expect(delays.allSatisfy { (.milliseconds(10) ... .milliseconds(30)).contains($0) })
        #expect(Set(delays).count > 1000)
    }
}

@Suite(.tags(.database)) struct TroubledProviderTests {
    @Test func `what is declined or undeliverable stays so`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let none = SimulatorBehaviour(declined: 1)
            for key: IdempotencyKey in ["1", "1", "2"] {
                let answer = try await providers.payment(none).perform(.authorise(order: "a", cents: 5), key: key)
                #expect(answer == .declined(reason: "insufficient funds"))
                let booking = try await providers.shipping(none).perform(.book(order: "a"), key: key)
                #expect(booking == .undeliverable(reason: "no such address"))
            }
            #expect(try await providers.payment(none).perform(.void(order: "a"), key: "3") == .voided)
        }
    }

    @Test func `a call that failed can be made again until it works, and counts once`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let bank = providers.payment(SimulatorBehaviour(seed: 7, failing: 1))
            for order in 0..<8 {
                let request = PaymentRequest.authorise(order: "\(order)", cents: 100)
                await #expect(throws: ProviderUnavailable(provider: "payment", attempt: 1)) {
                    try await bank.perform(request, key: "\(order)")
                }
                var answer: PaymentAnswer?
                for _ in 0..<2 where answer == nil { answer = try? await bank.perform(request, key: "\(order)") }
                #expect(answer == .authorised)
                let calls = try await providers.calls("\(order)")
                #expect((2...3).contains(calls))
            }
            #expect(try await providers.entries.sorted() == (0..<8).map { "\($0) authorised 100" })
        }
    }

    @Test func `a silent provider is left at once when the call is given up, effect or not`() async throws {
        try await Providers.open { (providers: Providers) async throws in
            let behaviour = SimulatorBehaviour(seed: 7, silent: 1)
            let requests = (0..<8).map { ShippingRequest.book(order: "\($0)") }
            for request in requests {
                let call = Task { try await providers.shipping(behaviour).perform(request, key: "\(request.order)") }
                let takesEffect = behaviour.conduct(request, attempt: 1) == .staysSilent(takesEffect: true)
                try await providers.until {
                    takesEffect
                        ? try await providers.entries.contains("\(request.order) booked 0")
                        : try await providers.calls(request.order) == 1
                }
                let start = ContinuousClock.now
                call.cancel()
                await #expect(throws: (any Error).self) { try await call.value }
                #expect(ContinuousClock.now - start < .seconds(5))
            }
            let effective = requests.filter { behaviour.conduct($0, attempt: 1) == .staysSilent(takesEffect: true) }
            #expect(try await providers.entries == effective.map { "\($0.order) booked 0" })
            #expect((1...7).contains(effective.count))
        }
    }
}
