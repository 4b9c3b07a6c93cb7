import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// Handling letters once more.
extension ConsumerHandle {
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
