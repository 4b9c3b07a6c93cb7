import MartletJSON
import Synchronization
import Testing

@testable import MartletProcesses

@Suite(.timeLimit(.minutes(1))) struct ProviderGateTests {
    /// Asks one question the same way each time.
    private func ask(_ gate: ProviderGate, tell: (String) -> Void = { _ in }) async throws -> ProviderGate.Outcome {
        let body = try PayloadEncoder().encode(Examiner.Request.examine(transfer: "t", cents: 1))
        return try await gate.call(body, key: IdempotencyKey(rawValue: "k"), isUndo: false, tell: tell)
    }

    private static let clear = ProviderGate.Outcome.answered(Array(#"{"clear":{}}"#.utf8))

    private func policy(_ change: (inout CallPolicy) -> Void) -> CallPolicy {
        var policy = CallPolicy(timeout: .milliseconds(50), failuresToOpen: 1000)
        change(&policy)
        return policy
    }

    /// Sleeps on whatever happens, as what waits on a lock or in a C library does.
    private static func sleepDeeply(until moment: ContinuousClock.Instant) async {
        await Task { try? await Task.sleep(until: moment, clock: .continuous) }.value
    }

    @Test func `a provider that ignores its cancellation is not waited for`() async throws {
        let gate = ProviderGate(
            Examiner(policy: policy { _ in }) { _, _ in
                await Self.sleepDeeply(until: .now + .seconds(20))
                return .clear
            })
        let begun = ContinuousClock.now
        #expect(try await ask(gate) == .failed("no answer within 0.05 seconds"))
        #expect(.now - begun < .seconds(10))
        let cancelled = Task { try await ask(gate) }
        cancelled.cancel()
        _ = await cancelled.result
        #expect(.now - begun < .seconds(10))
    }

    @Test func `whatever a provider throws can be written down`() async throws {
        struct Garbled: Error, CustomStringConvertible {
            let description = "no\0such host" + String(repeating: "!", count: 10_000)
        }
        let gate = ProviderGate(Examiner(policy: policy { _ in }) { _, _ in throw Garbled() })
        guard case .failed(let problem) = try await ask(gate) else { throw Garbled() }
        #expect(problem.hasPrefix("nosuch host!"))
        #expect(problem.count == 2000)
    }

    @Test func `calls that do not end keep their places, and once they have all no more are made`() async throws {
        let examiner = Examiner(policy: policy { $0.concurrency = 2 }) { _, count in
            if count <= 2 { await Task { await Self.sleepDeeply(until: .now + .seconds(2)) }.value }
            return .clear
        }
        let gate = ProviderGate(examiner)
        async let first = ask(gate)
        async let second = ask(gate)
        // Waits for a place, and learns that there will be none.
        async let third = ask(gate)
        let outcomes = try await [first, second, third]
        #expect(outcomes.filter { $0 == .failed("no answer within 0.05 seconds") }.count == 2)
        #expect(outcomes.contains(.failed("2 calls that were given up have not ended")))
        #expect(try await ask(gate) == .failed("2 calls that were given up have not ended"))
        #expect(examiner.calls.withLock(\.count) == 2)
        // As soon as one of them ends, others are made again.
        while try await ask(gate) != Self.clear {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func `no more calls are under way at once than the policy says`() async throws {
        let underWay = Mutex((now: 0, most: 0))
        let gate = ProviderGate(
            Examiner(policy: policy { ($0.concurrency, $0.timeout) = (3, .seconds(30)) }) { _, _ in
                underWay.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                try await Task.sleep(for: .milliseconds(2))
                underWay.withLock { $0.now -= 1 }
                return .clear
            })
        try await withThrowingTaskGroup(of: ProviderGate.Outcome.self) { group in
            for _ in 0..<60 { group.addTask { try await ask(gate) } }
            for try await outcome in group { #expect(outcome == Self.clear) }
        }
        #expect(underWay.withLock(\.most) == 3)
    }

    @Test func `a provider that fails is not asked for a while, which is told once`() async throws {
        struct Down: Error {}
        let isDown = Mutex(true)
        let examiner = Examiner(
            policy: policy { ($0.failuresToOpen, $0.recovery, $0.timeout) = (3, .milliseconds(200), .seconds(30)) }
        ) { _, _ in
            guard !isDown.withLock({ $0 }) else { throw Down() }
            return .clear
        }
        let gate = ProviderGate(examiner)
        let told = Mutex<[String]>([])
        for _ in 0..<3 {
            let outcome = try await ask(gate) { text in told.withLock { $0.append(text) } }
            #expect(outcome == .failed("Down()"))
        }
        guard case .heldBack(let time) = try await ask(gate) else {
            Issue.record("expected to be held back")
            return
        }
        #expect(time <= .milliseconds(200))
        #expect(examiner.calls.withLock(\.count) == 3)
        isDown.withLock { $0 = false }
        while try await ask(gate) != Self.clear {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(told.withLock { $0 } == ["3 tries in a row have failed, the last with: Down()"])
        #expect(examiner.calls.withLock(\.count) == 4)
    }

    @Test func `what nobody wants any more is not asked, and gives its place back`() async throws {
        let examiner = Examiner(policy: policy { $0.concurrency = 1 })
        let gate = ProviderGate(examiner)
        for _ in 0..<3 {
            #expect(
                try await gate.call([], key: IdempotencyKey(rawValue: "k"), isUndo: false, ifWanted: { _ in false })
                    == .withdrawn)
        }
        #expect(examiner.calls.withLock(\.count) == 0)
        #expect(try await ask(gate) == Self.clear)
    }

    @Test func `times that no clock can add are cut to those that it can`() async throws {
        let endless = Duration.seconds(Int64.max)
        let gate = ProviderGate(
            Examiner(policy: CallPolicy(timeout: endless, pause: endless, longestPause: endless, recovery: endless)))
        #expect(try await ask(gate) == Self.clear)
        #expect(gate.policy.longestPause == .seconds(366 * 86_400))
    }
}
