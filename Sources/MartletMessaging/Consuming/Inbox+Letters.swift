import MartletPostgres
import MartletStreamingLog

/// What becomes of letters; within a transaction that has taken a turn, so that one at a time decides.
extension Inbox {
    /// The letter that is to be tried now, counted as tried; nil when none is due.
    func countDueTry(policy: ConsumerPolicy, in transaction: Transaction) async throws -> Letter? {
        let rows = try await transaction.query("SELECT letter, due_in FROM \(schema).next_letter(\(id))")
        guard let row = rows.first else { return nil }
        let (due, wait) = try row.decode(Int64?.self, Double?.self)
        guard let due, let wait, wait <= 0 else { return nil }
        transaction.enqueue(
            """
            SELECT \(schema).count_try(
                \(due), \(policy.firstDelay.inMicroseconds), \(policy.longestDelay.inMicroseconds))
            """)
        return try await letter(due, in: transaction)
    }

    func letter(_ letter: Int64, in transaction: Transaction) async throws -> Letter? {
        try await transaction.query(
            """
            SELECT \(Letter.columns) FROM \(schema).letters l JOIN \(schema).inboxes i ON i.inbox = l.inbox
            WHERE l.letter = \(letter) AND l.state IN ('waiting', 'dead')
            """
        ).first.map { row in try Letter(row) }
    }

    /// Takes back a try that told nothing of the message.
    func uncountTry(of letter: Int64, nextAfter delay: Duration = .zero) async throws {
        try await pool.query(
            """
            UPDATE \(schema).letters l SET attempts = greatest(l.attempts - 1, 0),
                next_try_at = clock_timestamp() + \(delay.inMicroseconds) * interval '1 microsecond'
            WHERE l.letter = \(letter) AND l.retry_inbox IS NOT NULL
            """)
    }

    /// Takes a handled letter off the table; true when nothing else waits of its key.
    func end(_ letter: Letter, in transaction: Transaction) async throws -> Bool {
        try await transaction.query("SELECT \(schema).end_letter(\(letter.id), NULL, NULL, NULL)").first?
            .decode(Bool.self) ?? true
    }

    /// Takes note of why the last try failed, and gives the letter up if that was one too many.
    func failed(_ letter: Letter, problem: String, givesUp: Bool, in transaction: Transaction) {
        transaction.enqueue("UPDATE \(schema).letters SET problem = \(problem) WHERE letter = \(letter.id)")
        if givesUp { transaction.enqueue("SELECT \(schema).give_up(\(letter.id))") }
    }

    /// When a letter is to be tried next.
    func nextTry() async throws -> ContinuousClock.Instant? {
        let rows = try await pool.query("SELECT due_in FROM \(schema).next_letter(\(id))")
        let now = ContinuousClock.now
        return try rows.first?.decode(Double?.self).map { now + .seconds(max($0, 0)) }
    }
}
