import FoundationEssentials
import MartletPostgres
public import MartletStreamingLog

/// What an operator decides of what is missing, and what was decided so far.
extension ConsumerHandle {
    /// Lets a partition that has stopped before a hole go on behind it: the messages that are missing have no effects.
    /// - Parameters:
    ///   - reason: why, for whoever asks later: recorded, see ``decisions(of:limit:)``, and told as an incident.
    ///   - actor: who has decided it.
    /// - Throws: ``ConsumerError``, `PostgresError`.
    public func acceptHole(in partition: TopicPartition, reason: String, by actor: String) async throws {
        try Self.check(reason, actor)
        let (topic, number) = (partition.topic.description, Int32(clamping: partition.number))
        try await pool.transaction { transaction in
            let found = try await transaction.query(
                """
                SELECT inbox, stopped FROM \(schema).inboxes
                WHERE consumer = \(name) AND topic = \(topic) AND partition = \(number) AND stopped IS NOT NULL FOR UPDATE
                """)
            guard let row = found.first else { throw ConsumerError.notStopped(consumer: name, partition) }
            let (inbox, problem) = try row.decode(Int64.self, String.self)
            transaction.enqueue(
                """
                UPDATE \(schema).inboxes SET turn = turn + 1, stopped = NULL, accepts_hole = true
                WHERE inbox = \(inbox)
                """)
            transaction.enqueue(
                """
                INSERT INTO \(schema).decisions (partition, what, topic, consumer, problem, reason, actor)
                VALUES (\(number), \(ConsumerDecision.Kind.acceptedHole.rawValue), \(topic), \(name), \(problem),
                    \(reason), \(actor))
                """)
        }
        surroundings.tell(.passedHole, "\(partition): \(actor) accepts that messages are missing: \(reason)")
    }

    /// What was decided of its messages, the last first: letters that were discarded or replayed, and accepted holes.
    /// - Parameters:
    ///   - key: of letters of this key only.
    ///   - limit: the most at once.
    /// - Throws: `PostgresError`.
    public func decisions(of key: String? = nil, limit: Int = 100) async throws -> [ConsumerDecision] {
        let ofKey: SQL = key.map { "AND l.key_digest = sha256(\(Bytea(Array($0.utf8))))" } ?? ""
        return try await pool.query(
            """
            SELECT what, decided_at, topic, partition, letter, "offset", key, problem, reason, actor FROM (
                SELECT l.state AS what, l.ended_at AS decided_at, i.topic, i.partition, l.letter, l."offset", l.key,
                    l.problem, l.reason, l.actor
                FROM \(schema).inboxes i JOIN \(schema).letters l ON l.inbox = i.inbox
                WHERE i.consumer = \(name) AND l.state IN ('discarded', 'replayed') \(ofKey)
                UNION ALL
                SELECT d.what, d.decided_at, d.topic, d.partition, NULL, NULL, NULL, d.problem, d.reason, d.actor
                FROM \(schema).decisions d WHERE d.consumer = \(name) AND \(key == nil)
            ) decided
            ORDER BY decided_at DESC, letter DESC LIMIT \(Int64(limit))
            """
        ).map { row in try ConsumerDecision(row) }
    }
}

extension ConsumerDecision {
    fileprivate init(_ row: Row) throws {
        kind = try Kind(stored: try row.decode(column: 0))
        decidedAt = try row.decode(column: 1)
        partition = TopicPartition(
            try TopicName(try row.decode(column: 2, as: String.self)), Int(try row.decode(column: 3, as: Int32.self)))
        letter = try row.decode(column: 4)
        offset = try row.decode(column: 5, as: Int64?.self).map { Offset(rawValue: $0) }
        key = try row.decode(column: 6, as: Bytea?.self).flatMap { String(validating: $0.bytes, as: UTF8.self) }
        problem = try row.decode(column: 7)
        reason = try row.decode(column: 8)
        actor = try row.decode(column: 9)
    }
}
