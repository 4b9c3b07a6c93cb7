import Testing

@testable import MartletProcesses

@Suite struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    private func pass(_ answer: CircuitBreaker.Answer) throws -> CircuitBreaker.Pass {
        guard case .go(let pass) = answer else { throw Expected(description: "expected to be let through: \(answer)") }
        return pass
    }

    struct Expected: Error { let description: String }

    /// One that has just opened.
    private func opened(after failures: Int = 3) throws -> CircuitBreaker {
        var breaker = CircuitBreaker(failuresToOpen: failures, recovery: .seconds(5))
        for number in 1...failures {
            let pass = try pass(breaker.admit(at: start))
            #expect(breaker.failed(pass, at: start) == (number == failures))
        }
        return breaker
    }

    @Test func `failures in a row hold calls back for the time of recovery`() throws {
        var breaker = try opened()
        #expect(breaker.admit(at: start) == .heldBack(for: .seconds(5)))
        #expect(breaker.admit(at: start + .seconds(4)) == .heldBack(for: .seconds(1)))
        #expect(breaker.delay(at: start + .seconds(4)) == .seconds(1))
        #expect(breaker.delay(at: start + .seconds(5)) == nil)
    }

    @Test func `an answer between them starts the count anew`() throws {
        var breaker = CircuitBreaker(failuresToOpen: 2, recovery: .seconds(5))
        for _ in 0..<10 {
            let failing = try pass(breaker.admit(at: start))
            #expect(breaker.failed(failing, at: start) == false)
            breaker.succeeded(try pass(breaker.admit(at: start)))
        }
    }

    @Test func `after the recovery one call is let through, and its answer lets all through`() throws {
        var breaker = try opened()
        let later = start + .seconds(5)
        let probe = try pass(breaker.admit(at: later))
        #expect(breaker.admit(at: later) == .heldBack(for: .milliseconds(1250)))
        breaker.succeeded(probe)
        _ = try pass(breaker.admit(at: later))
        _ = try pass(breaker.admit(at: later))
    }

    @Test func `a failed probe holds calls back again, and is no new opening`() throws {
        var breaker = try opened()
        let later = start + .seconds(5)
        let probe = try pass(breaker.admit(at: later))
        #expect(breaker.failed(probe, at: later) == false)
        #expect(breaker.admit(at: later + .seconds(1)) == .heldBack(for: .seconds(4)))
    }

    @Test func `a probe that was not made leaves its place to the next`() throws {
        var breaker = try opened()
        let later = start + .seconds(5)
        breaker.withdrew(try pass(breaker.admit(at: later)), at: later)
        _ = try pass(breaker.admit(at: later))
    }

    @Test func `calls that began before the opening tell nothing of what came after it`() throws {
        var breaker = CircuitBreaker(failuresToOpen: 1, recovery: .seconds(5))
        let early = try (0..<4).map { _ in try pass(breaker.admit(at: start)) }
        #expect(breaker.failed(early[0], at: start) == true)
        #expect(breaker.failed(early[1], at: start + .seconds(1)) == false)
        breaker.succeeded(early[2])
        #expect(breaker.admit(at: start) == .heldBack(for: .seconds(5)))
        let probe = try pass(breaker.admit(at: start + .seconds(5)))
        #expect(breaker.failed(early[3], at: start + .seconds(5)) == false)
        breaker.succeeded(probe)
        _ = try pass(breaker.admit(at: start + .seconds(5)))
    }
}
