import MartletDomain
import MartletEventStore
import MartletPostgres

/// Where one partition of a build stands, kept in the same database as its tables.
struct Checkpoint: Sendable {
    let target: BuildTarget
    let partition: Int
    let epoch: Int64

    /// Moves the checkpoint within the effect's transaction, holds its row until that ends, and lets the transaction find
    /// the projection's tables. All that the transaction relies on is set in it, not in its session, which a transaction
    /// pooler may give to somebody else.
    /// - Returns: how often operators have changed what is parked.
    /// - Parameter last: the last event that was seen, which has to stand in the log.
    /// - Throws: ``Fenced`` when it does not stand at `old` any more, or the lease was taken over, or the log is another.
    func move(
        from old: GlobalPosition, to new: GlobalPosition, last: StoredEvent?, in transaction: Transaction
    ) async throws -> Int64 {
        transaction.enqueue(Self.settings(tables: target.tables))
        do {
            let moved = try await transaction.query(
                """
                UPDATE \(target.schema).projection_partitions p
                SET position = \(new.rawValue), event_position = coalesce(\(last?.position.rawValue), p.event_position),
                    event_id = coalesce(\(last?.id), p.event_id)
                WHERE p.build = \(target.build) AND p.partition = \(Int16(partition))
                    AND p.position = \(old.rawValue) AND p.epoch = \(epoch) AND \(stands(last))
                RETURNING p.parkings
                """)
            guard let row = moved.first else { throw Fenced() }
            return try row.decode(Int64.self)
        } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
            // Somebody else is at it, and takes longer than the lock time-out: no failure of this process.
            throw Fenced()
        }
    }

    /// What was read from a server that is gone may never have come to this one.
    private func stands(_ event: StoredEvent?) -> SQL {
        guard let event else { return "true" }
        return """
            EXISTS (SELECT FROM \(target.schema).events e
                WHERE e.position = \(event.position.rawValue) AND e.event_id = \(event.id))
            """
    }

    /// The tables' schema comes before what the session searches anyway, for tables that are made elsewhere.
    static func settings(tables: SQLIdentifier) -> SQL {
        """
        SELECT set_config('search_path', \("\"\(tables.name)\", ") || current_setting('search_path'), true),
            set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '2s', true)
        """
    }

    /// Another process has taken the partition over, or somebody else has moved it.
    struct Fenced: Error {}
}
