import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Testing

@Suite(.tags(.database)) struct LetterBackoffTests {
    /// When a letter is tried next, as the table has it.
    private struct NextTry {
        let attempts: Int
        /// In seconds from a moment before the last try was counted, and from one after it.
        let sinceBefore: Double
        let fromNow: Double
    }

    private func now(on stage: Stage) async throws -> Double {
        let rows = try await stage.pool.query("SELECT extract(epoch FROM clock_timestamp())::float8")
        return try #require(try rows.first?.decode(Double.self))
    }

    private func nextTry(since moment: Double, on stage: Stage) async throws -> NextTry? {
        try await stage.pool.query(
            """
            SELECT attempts, extract(epoch FROM next_try_at)::float8 - \(moment),
                extract(epoch FROM next_try_at - clock_timestamp())::float8
            FROM martlet_inbox.letters
            """
        ).first.map { row in
            let (attempts, sinceBefore, fromNow) = try row.decode(Int32.self, Double.self, Double.self)
            return NextTry(attempts: Int(attempts), sinceBefore: sinceBefore, fromNow: fromNow)
        }
    }

    /// A try that was counted between the two moments is followed by the next one after a half to the whole of the time.
    private func expect(_ next: NextTry, sourceLocation: SourceLocation = #_sourceLocation) {
        var whole = 1.0
        for _ in 1..<next.attempts { whole = min(whole * 2, 300) }
        #expect(next.sinceBefore >= whole / 2, "\(next)", sourceLocation: sourceLocation)
        #expect(next.fromNow <= whole, "\(next)", sourceLocation: sourceLocation)
    }

    @Test func `a letter is tried again after a second, then after twice as long, up to five minutes`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let consumers = try await stage.consumers(of: log) { Hopeless() }
            var sender = Sender("sender")
            await log.append([sender.record("a", "0")], to: TopicPartition("orders", 0))
            var moment = try await now(on: stage)
            var next: NextTry?
            try await running(consumers) {
                try await becomesTrue {
                    next = try await nextTry(since: moment, on: stage)
                    return next != nil
                }
            }
            expect(try #require(next))
            for attempts in [3, 5, 8, 20] {
                moment = try await now(on: stage)
                try await stage.pool.execute(
                    "UPDATE martlet_inbox.letters SET attempts = \(Int32(attempts)), next_try_at = clock_timestamp()")
                try await running(consumers) {
                    try await becomesTrue {
                        next = try await nextTry(since: moment, on: stage)
                        return next?.attempts ?? 0 > attempts
                    }
                }
                expect(try #require(next))
            }
        }
    }
}

/// Of the usual delays, and more tries than usual.
private struct Hopeless: MessageHandler {
    static let name = "hopeless"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(attempts: 40)

    func handle(_ message: Message, in transaction: Transaction) async throws { throw Broken() }
}
