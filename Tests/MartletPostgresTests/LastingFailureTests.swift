import MartletPostgres
import Testing

struct LastingFailureTests {
    @Test func `a failure is told when it has lasted, each so often again, and not once it has passed`() {
        var failing = LastingFailure(patience: .seconds(60))
        let start = ContinuousClock.now
        func isTold(after seconds: Int) -> Bool { failing.isToBeTold(at: start + .seconds(seconds)) }
        #expect(!isTold(after: 0))
        #expect(!isTold(after: 59))
        #expect(isTold(after: 60))
        #expect(!isTold(after: 61))
        #expect(!isTold(after: 3659))
        #expect(isTold(after: 3660))
        failing.hasPassed()
        #expect(!isTold(after: 3661))
        #expect(!isTold(after: 3720))
        #expect(isTold(after: 3721))
    }
}
