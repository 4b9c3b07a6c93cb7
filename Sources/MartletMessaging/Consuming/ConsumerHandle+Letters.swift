import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// What an operator does about letters.
extension ConsumerHandle {
    /// The letters that are open, in the order in which they were parked.
    /// - Parameters:
    ///   - key: of this key only.
    ///   - letter: only those after it.
    ///   - limit: the most at once.
    /// - Throws: `PostgresError`.
    public func letters(of key: String? = nil, after letter: Int64 = 0, limit: Int = 100) async throws -> [DeadLetter] {
        try await open(key: key.map { Array($0.utf8) }, after: letter, limit: limit).map { letter in
            DeadLetter(
                id: letter.id, state: letter.state == .dead ? .dead : .waiting, message: letter.message,
                attempts: letter.attempts, problem: letter.problem, parkedAt: letter.parkedAt, diedAt: letter.diedAt)
        }
    }

    /// Decides that a letter is never handled, so that what stands behind it can be.
    /// - Parameters:
    ///   - reason: why, for whoever asks later; recorded with the letter.
    ///   - actor: who has decided it.
    /// - Throws: ``ConsumerError``, `PostgresError`.
    public func discard(letter: Int64, reason: String, by actor: String) async throws {
        try Self.check(reason, actor)
        guard let known = try await inbox(of: letter) else { throw ConsumerError.noLetter(consumer: name, id: letter) }
        try await pool.transaction { transaction in
            try await lock(known, in: transaction)
            guard try await known.letter(letter, in: transaction) != nil else {
                throw ConsumerError.noLetter(consumer: name, id: letter)
            }
            try await end(letter, in: known, "discarded", reason, actor, in: transaction)
        }
    }

    /// Decides that nothing that is open of a key is ever handled; returns how many letters were discarded.
    /// - Throws: ``ConsumerError``, `PostgresError`.
    @discardableResult
    public func discard(_ key: String, reason: String, by actor: String) async throws -> Int {
        try Self.check(reason, actor)
        var discarded = 0
        while let first = try await open(key: Array(key.utf8), after: 0, limit: 1).first {
            do {
                try await discard(letter: first.id, reason: reason, by: actor)
                discarded += 1
            } catch ConsumerError.noLetter {}
        }
        guard discarded > 0 else { throw ConsumerError.noLetters(consumer: name, key: key) }
        return discarded
    }

    func open(key: [UInt8]?, after letter: Int64, limit: Int) async throws -> [Letter] {
        let ofKey: SQL = key.map { "AND l.key_digest = sha256(\(Bytea($0)))" } ?? ""
        return try await pool.query(
            """
            SELECT \(Letter.columns) FROM \(schema).inboxes i JOIN \(schema).letters l ON l.inbox = i.inbox
            WHERE i.consumer = \(name) AND l.state IN ('waiting', 'dead') AND l.letter > \(letter) \(ofKey)
            ORDER BY l.letter LIMIT \(Int64(limit))
            """
        ).map { row in try Letter(row) }
    }

    /// Nobody takes a turn of the inbox meanwhile.
    func lock(_ inbox: Inbox, in transaction: Transaction) async throws {
        transaction.enqueue(
            """
            SELECT set_config('lock_timeout', '10s', true), set_config('idle_in_transaction_session_timeout', '2s', true)
            """)
        try await transaction.query("SELECT FROM \(schema).inboxes WHERE inbox = \(inbox.id) FOR UPDATE")
    }

    /// Where a key becomes free, or another letter is the next to be tried, whoever takes messages has to look again.
    func end(
        _ letter: Int64, in inbox: Inbox, _ state: String, _ reason: String?, _ actor: String?,
        in transaction: Transaction
    ) async throws {
        let wasRetried = try await transaction.query(
            "SELECT l.retry_inbox IS NOT NULL FROM \(schema).letters l WHERE l.letter = \(letter)"
        ).first?.decode(Bool.self)
        let isFree = try await transaction.query(
            "SELECT \(schema).end_letter(\(letter), \(state), \(reason), \(actor))"
        ).first?.decode(Bool.self)
        guard isFree ?? true || wasRetried ?? true else { return }
        transaction.enqueue("UPDATE \(schema).inboxes SET turn = turn + 1 WHERE inbox = \(inbox.id)")
    }

    private func inbox(of letter: Int64) async throws -> Inbox? {
        let rows = try await pool.query(
            """
            SELECT i.inbox, i.topic, i.partition FROM \(schema).letters l
            JOIN \(schema).inboxes i ON i.inbox = l.inbox WHERE l.letter = \(letter) AND i.consumer = \(name)
            """)
        return try rows.first.map { row in
            let (id, topic, number) = try row.decode(Int64.self, String.self, Int32.self)
            return Inbox(
                id: id, consumer: name, partition: TopicPartition(try TopicName(topic), Int(number)), pool: pool,
                schema: schema)
        }
    }
}
