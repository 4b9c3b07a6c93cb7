public import FoundationEssentials
import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// A message that waits for another try, was given up, or stands behind such a one.
public struct DeadLetter: Sendable {
    public enum State: String, Codable, Sendable {
        /// It is tried again by itself, or waits behind one that is.
        case waiting
        /// It waits for an operator.
        case dead
    }

    public let id: Int64
    public let state: State
    public let message: Message
    /// How often it was tried.
    public let attempts: Int
    /// Why the last try failed; nil for one that only stands behind another of its key.
    public let problem: String?
    public let parkedAt: Date
    /// When it was given up.
    public let diedAt: Date?

    /// How long ago it was parked.
    public func age(at now: Date) -> Duration { .seconds(max(0, now.timeIntervalSince(parkedAt))) }
}

/// How a replay has ended.
public struct ReplayOutcome: Hashable, Sendable {
    /// How many messages have had their effects.
    public var replayed = 0
    /// The letters that have failed again, with why; what stands behind them was not tried.
    public var failed: [Int64: String] = [:]
}

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

    /// Handles what is open of a key, in its order, until one fails again or the key goes on with the others.
    ///
    /// Each commits by itself, with its effects. One that fails stays as it was, and so does everything behind it.
    /// - Throws: ``ConsumerError``, `PostgresError`; what had taken effect before stays so.
    @discardableResult
    public func replay(_ key: String) async throws -> ReplayOutcome {
        guard try await !open(key: Array(key.utf8), after: 0, limit: 1).isEmpty else {
            throw ConsumerError.noLetters(consumer: name, key: key)
        }
        return try await replay(key: Array(key.utf8))
    }

    /// Handles everything that is open, in the order in which it was parked; of a key that fails again nothing more.
    /// - Throws: as ``replay(_:)``.
    @discardableResult
    public func replayAll() async throws -> ReplayOutcome { try await replay(key: nil) }

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

    private func open(key: [UInt8]?, after letter: Int64, limit: Int) async throws -> [Letter] {
        let ofKey: SQL = key.map { "AND l.key_digest = sha256(\(Bytea($0)))" } ?? ""
        return try await pool.query(
            """
            SELECT \(Letter.columns) FROM \(schema).inboxes i JOIN \(schema).letters l ON l.inbox = i.inbox
            WHERE i.consumer = \(name) AND l.state IN ('waiting', 'dead') AND l.letter > \(letter) \(ofKey)
            ORDER BY l.letter LIMIT \(Int64(limit))
            """
        ).map { row in try Letter(row) }
    }

    // MARK: replaying

    private func replay(key: [UInt8]?) async throws -> ReplayOutcome {
        var outcome = ReplayOutcome()
        var failed: Set<LetterLine> = []
        var last: Int64 = 0
        while true {
            let page = try await open(key: key, after: last, limit: 100)
            guard !page.isEmpty else { return outcome }
            for letter in page where !failed.contains(LetterLine(letter)) {
                do {
                    if try await replay(letter) { outcome.replayed += 1 }
                } catch let error where (error is HandlerFailure || error.isOfTheMessage) && !Task.isCancelled {
                    outcome.failed[letter.id] = String(problem: (error as? HandlerFailure)?.error ?? error)
                    failed.insert(LetterLine(letter))
                }
            }
            last = page.last?.id ?? last
        }
    }

    /// False when somebody else was faster, or it is not the first of its key.
    private func replay(_ letter: Letter) async throws -> Bool {
        let inbox = Inbox(
            id: letter.inbox, consumer: name, partition: letter.message.partition, pool: pool, schema: schema)
        return try await pool.transaction { transaction in
            try await lock(inbox, in: transaction)
            guard let found = try await inbox.letter(letter.id, in: transaction) else { return false }
            let first = try await transaction.query(
                """
                SELECT \(schema).first_letter(\(inbox.id), \(found.message.record.key.map { Bytea($0) }))
                """
            ).first?.decode(column: 0, as: Int64?.self)
            // One without a key is behind no other.
            guard (first ?? letter.id) == letter.id else { return false }
            try await surroundings.handle([found.message], in: transaction)
            try await end(letter.id, in: inbox, "replayed", nil, nil, in: transaction)
            return true
        }
    }

    /// Nobody takes a turn of the inbox meanwhile.
    private func lock(_ inbox: Inbox, in transaction: Transaction) async throws {
        transaction.enqueue(
            """
            SELECT set_config('lock_timeout', '10s', true), set_config('idle_in_transaction_session_timeout', '2s', true)
            """)
        try await transaction.query("SELECT FROM \(schema).inboxes WHERE inbox = \(inbox.id) FOR UPDATE")
    }

    /// Where a key becomes free, or another letter is the next to be tried, whoever takes messages has to look again.
    private func end(
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

/// The letters that stand in one line: those of a key in a partition, or one without a key by itself.
private struct LetterLine: Hashable {
    private let inbox: Int64
    private let key: [UInt8]?
    private let letter: Int64?

    init(_ letter: Letter) {
        (inbox, key) = (letter.inbox, letter.message.record.key)
        self.letter = key == nil ? letter.id : nil
    }
}
