import MartletDomain
import MartletEventStore
import MartletPostgres

/// A parked key of a live build, in the hands of an operator: several may be at it, beside the worker of its partition.
///
/// Whatever changes what is parked holds the partition's row, as each commit of its worker does: so the worker sees a key
/// as parked until its last event is done with, and not a moment longer.
struct OperatedKey: Sendable {
    let key: String
    let target: BuildTarget
    let partition: Int

    init(_ key: String, of target: BuildTarget, by writer: any ReadModelWriter) {
        (self.key, self.target) = (key, target)
        partition = writer.partition(of: key, among: target.partitions)
    }

    struct Letter: Sendable, Equatable {
        let position: GlobalPosition
        let eventID: String
    }

    /// The first event that is parked; nil when none is, or the build is not the live one any more.
    func first(_ ask: (SQL) async throws -> Rows) async throws -> Letter? {
        try await ask(
            """
            SELECT d.position, d.event_id::text FROM \(target.schema).dead_letters d
            WHERE \(isParked) AND EXISTS (
                SELECT FROM \(target.schema).projection_builds b WHERE b.build = d.build AND b.stage = 'live')
            ORDER BY d.position LIMIT 1
            """
        ).first.map { row in
            let (position, id) = try row.decode(Int64.self, String.self)
            return Letter(position: GlobalPosition(rawValue: position), eventID: id)
        }
    }

    /// Leaves the statement that keeps everybody else away until the transaction ends.
    func enqueueLock(in transaction: Transaction) {
        // Here, since a transaction pooler may have dropped what the session asked for when it began.
        transaction.enqueue(
            """
            SELECT set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '2s', true)
            """)
        transaction.enqueue(
            """
            SELECT FROM \(target.schema).projection_partitions
            WHERE build = \(target.build) AND partition = \(Int16(partition)) FOR UPDATE
            """)
    }

    /// Leaves the statements that end a letter, and tell the worker when it was the key's last.
    func enqueueEnd(of letter: Letter, _ end: End, in transaction: Transaction) {
        transaction.enqueue(
            """
            UPDATE \(target.schema).dead_letters
            SET state = \(end.word), reason = \(end.reason), actor = \(end.actor), ended_at = clock_timestamp()
            WHERE build = \(target.build) AND position = \(letter.position.rawValue)
            """)
        enqueueNews(in: transaction)
    }

    /// Ends all that is parked; returns how many that were.
    func endAll(_ end: End, in transaction: Transaction) async throws -> Int {
        let ended = try await transaction.execute(
            """
            UPDATE \(target.schema).dead_letters d
            SET state = \(end.word), reason = \(end.reason), actor = \(end.actor), ended_at = clock_timestamp()
            WHERE \(isParked)
            """)
        enqueueNews(in: transaction)
        return ended
    }

    /// Writes down that an event has failed once more.
    func note(_ problem: String, on letter: Letter, _ pool: ConnectionPool) async throws {
        try await pool.execute(
            """
            UPDATE \(target.schema).dead_letters SET attempts = attempts + 1, problem = \(problem)
            WHERE build = \(target.build) AND position = \(letter.position.rawValue) AND state = 'parked'
            """)
    }

    /// What an operator has decided about an event.
    enum End: Sendable {
        case retried
        case discarded(reason: String, actor: String)

        /// - Throws: ``ParkingError/unexplained(missing:)``.
        init(discardedFor reason: String, by actor: String) throws(ParkingError) {
            guard reason.contains(where: { !$0.isWhitespace }) else { throw .unexplained(missing: "a reason") }
            guard actor.contains(where: { !$0.isWhitespace }) else { throw .unexplained(missing: "an actor") }
            self = .discarded(reason: reason, actor: actor)
        }

        fileprivate var word: String {
            switch self {
            case .retried: "retried"
            case .discarded: "discarded"
            }
        }

        fileprivate var reason: String? {
            if case .discarded(let reason, _) = self { reason } else { nil }
        }

        fileprivate var actor: String? {
            if case .discarded(_, let actor) = self { actor } else { nil }
        }
    }

    private func enqueueNews(in transaction: Transaction) {
        transaction.enqueue(
            """
            UPDATE \(target.schema).projection_partitions p SET parkings = p.parkings + 1
            WHERE p.build = \(target.build) AND p.partition = \(Int16(partition))
                AND NOT EXISTS (SELECT FROM \(target.schema).dead_letters d WHERE \(isParked))
            """)
    }

    private var isParked: SQL {
        """
        d.build = \(target.build) AND d.partition = \(Int16(partition)) AND d.key = \(key) AND d.state = 'parked'
        """
    }
}
