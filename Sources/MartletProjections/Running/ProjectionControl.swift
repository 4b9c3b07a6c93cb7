import MartletPostgres

/// Whether a projection is to run, for every process.
struct ProjectionControl: Sendable {
    private let name: String
    private let surroundings: ProjectionSurroundings

    init(_ name: String, _ surroundings: ProjectionSurroundings) {
        (self.name, self.surroundings) = (name, surroundings)
    }

    /// Once it returns nothing of the projection moves any more.
    func pause(because reason: String?) async throws {
        try await surroundings.pool.transaction { transaction in
            enqueueLock(in: transaction)
            enqueueState(.paused(reason: reason), in: transaction)
            enqueueEndOfLeases(in: transaction)
        }
    }

    /// Stops it where a worker has met an event that it may not pass; false when the worker has lost its lease since, as
    /// when somebody else has stopped or paused it.
    func stop(because reason: String, at lease: PartitionLease, of target: BuildTarget) async throws -> Bool {
        do {
            try await surroundings.pool.transaction { transaction in
                enqueueLock(in: transaction)
                enqueueState(.stopped(reason: reason), in: transaction)
                let mine = try await transaction.query(
                    """
                    SELECT p.epoch FROM \(schema).projection_partitions p
                    WHERE p.build = \(target.build) AND p.partition = \(Int16(lease.partition))
                        AND p.epoch = \(lease.epoch)
                    FOR UPDATE
                    """)
                guard !mine.isEmpty else { throw Checkpoint.Fenced() }
                enqueueEndOfLeases(in: transaction)
            }
            return true
        } catch is Checkpoint.Fenced {
            return false
        }
    }

    /// Forgets how often an event was tried: what made it end the process may have been mended.
    func resume() async throws {
        try await surroundings.pool.transaction { transaction in
            enqueueLock(in: transaction)
            enqueueState(.running, in: transaction)
            transaction.enqueue(
                """
                UPDATE \(schema).projection_partitions p SET tried_position = 0, tries = 0
                FROM \(schema).projection_builds b
                WHERE b.build = p.build AND b.projection = \(name) AND b.stage = 'live' AND p.tries > 0
                """)
            enqueueEndOfLeases(in: transaction)
        }
    }

    private var schema: SQLIdentifier { surroundings.schema }

    /// A batch that is under way is waited for; while this has the builds, nobody claims a partition.
    private func enqueueLock(in transaction: Transaction) {
        transaction.enqueue("SELECT set_config('lock_timeout', '30s', true)")
        transaction.enqueue(
            "SELECT FROM \(schema).projection_builds WHERE projection = \(name) ORDER BY build FOR NO KEY UPDATE")
    }

    private func enqueueState(_ state: ProjectionStatus.State, in transaction: Transaction) {
        transaction.enqueue(
            """
            INSERT INTO \(schema).projections AS p (projection, state, reason)
            VALUES (\(name), \(state.word), \(state.reason))
            ON CONFLICT ON CONSTRAINT projections_pkey DO UPDATE
            SET state = EXCLUDED.state, reason = EXCLUDED.reason, changed_at = clock_timestamp()
            """)
    }

    /// Whoever works on it now cannot commit any more, and looks again.
    private func enqueueEndOfLeases(in transaction: Transaction) {
        transaction.enqueue(
            """
            UPDATE \(schema).projection_partitions p SET epoch = p.epoch + 1, claimed_position = NULL
            FROM \(schema).projection_builds b
            WHERE b.build = p.build AND b.projection = \(name) AND b.stage = 'live'
            """)
        transaction.enqueue(
            """
            UPDATE \(schema).projection_leases l SET member = NULL, leased_until = '-infinity'
            FROM \(schema).projection_builds b
            WHERE b.build = l.build AND b.projection = \(name) AND b.stage = 'live'
            """)
        transaction.enqueue(ProgressMessage.claim(name).notification(in: schema))
    }
}
