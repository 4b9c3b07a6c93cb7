import Testing

@testable import MartletPostgres

struct LastingFailureTests {
    @Test func `that there is no room for a notification passes, and that a row is too large does not`() {
        var error = PostgresError(sqlState: .programLimitExceeded, message: "too many notifications")
        error.sourceFunction = "PreCommit_Notify"
        #expect(error.isOfTheMoment)
        error.sourceFunction = "RelationGetBufferForTuple"
        #expect(!error.isOfTheMoment)
    }

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
