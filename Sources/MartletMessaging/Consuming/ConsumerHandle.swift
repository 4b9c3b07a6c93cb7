import MartletPostgres
import MartletProjections
public import MartletStreamingLog

/// One consumer, for whoever operates it: from any process that has it declared, whether or not it takes messages.
public struct ConsumerHandle: Sendable {
    let surroundings: ConsumerSurroundings

    init(_ surroundings: ConsumerSurroundings) { self.surroundings = surroundings }

    /// The group's name in the log, and the inbox's.
    public var name: String { surroundings.declaration.name }

    public var topics: [TopicName] { surroundings.declaration.topics }

    var schema: SQLIdentifier { surroundings.schema }
    var pool: ConnectionPool { surroundings.pool }

    /// Takes no more messages, in any process, until ``resume()``. Once it returns nothing has effects any more.
    /// - Throws: `PostgresError`.
    public func pause(reason: String? = nil) async throws {
        try await pool.transaction { transaction in
            enqueueTurns(in: transaction)
            transaction.enqueue(
                """
                INSERT INTO \(schema).consumers (consumer, state, reason) VALUES (\(name), 'paused', \(reason))
                ON CONFLICT ON CONSTRAINT consumers_pkey DO UPDATE
                SET state = EXCLUDED.state, reason = EXCLUDED.reason, changed_at = clock_timestamp()
                """)
        }
    }

    /// Goes on, also in partitions that have stopped: where what stopped them is still so, they stop again.
    /// - Throws: `PostgresError`.
    public func resume() async throws {
        try await pool.transaction { transaction in
            enqueueTurns(in: transaction)
            transaction.enqueue(
                """
                UPDATE \(schema).consumers SET state = 'running', reason = NULL, changed_at = clock_timestamp()
                WHERE consumer = \(name)
                """)
            transaction.enqueue(
                """
                UPDATE \(schema).inboxes SET stopped = NULL, tried_offset = -1, tries = 0
                WHERE consumer = \(name) AND (stopped IS NOT NULL OR tries > 0)
                """)
        }
    }

    /// Whoever takes messages now looks again; a transaction that is under way is waited for.
    private func enqueueTurns(in transaction: Transaction) {
        transaction.enqueue("SELECT set_config('lock_timeout', '30s', true)")
        transaction.enqueue(
            "SELECT FROM \(schema).inboxes WHERE consumer = \(name) ORDER BY topic, partition FOR UPDATE")
        transaction.enqueue("UPDATE \(schema).inboxes SET turn = turn + 1 WHERE consumer = \(name)")
    }

    static func check(_ reason: String, _ actor: String) throws(ConsumerError) {
        for (what, text) in [("a reason", reason), ("an actor", actor)] where text.allSatisfy(\.isWhitespace) {
            throw .unexplained(missing: what)
        }
    }
}

/// Why an operator's wish about a consumer cannot be done.
public enum ConsumerError: Error, Hashable, Sendable {
    /// Nothing of this key is among its letters.
    case noLetters(consumer: String, key: String)
    case noLetter(consumer: String, id: Int64)
    /// A decision needs a reason and somebody who made it.
    case unexplained(missing: String)
    case notStopped(consumer: String, TopicPartition)
}

extension ConsumerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noLetters(let name, let key):
            "consumer \"\(name)\": expected a key of which messages wait or are dead, found \"\(key)\""
        case .noLetter(let name, let id): "consumer \"\(name)\": expected an open letter, found none of id \(id)"
        case .unexplained(let missing): "expected \(missing) to be recorded with the decision, found none"
        case .notStopped(let name, let partition): "consumer \"\(name)\": expected \(partition) to have stopped"
        }
    }
}
