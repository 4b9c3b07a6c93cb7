import MartletDomain
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
    func stop(because reason: String, at tenure: PartitionTenure, of target: BuildTarget) async throws -> Bool {
        let (lease, event) = (tenure.lease, tenure.report.impasse)
        do {
            try await surroundings.pool.transaction { transaction in
                enqueueLock(in: transaction)
                enqueueState(
                    .stopped(reason: reason), before: event, of: event.map { _ in lease.partition }, in: transaction)
                let mine = try await transaction.query(
                    """
                    SELECT p.epoch FROM \(schema).projection_partitions p
                    WHERE p.build = \(target.build) AND p.partition = \(Int16(lease.partition))
                        AND p.epoch = \(lease.epoch)
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
        // Here, since a transaction pooler may have dropped what the session asked for when it began.
        transaction.enqueue(
            """
            SELECT set_config('lock_timeout', '30s', true),
                set_config('idle_in_transaction_session_timeout', '2s', true)
            """)
        transaction.enqueue(
            "SELECT FROM \(schema).projection_builds WHERE projection = \(name) ORDER BY build FOR NO KEY UPDATE")
        for table: SQL in ["projection_partitions", "projection_leases"] {
            transaction.enqueue(
                """
                SELECT FROM \(schema).\(table) t JOIN \(schema).projection_builds b ON b.build = t.build
                WHERE b.projection = \(name) AND b.stage = 'live' ORDER BY t.build, t.partition FOR UPDATE OF t
                """)
        }
    }

    private func enqueueState(
        _ state: ProjectionStatus.State, before event: GlobalPosition? = nil, of partition: Int? = nil,
        in transaction: Transaction
    ) {
        transaction.enqueue(
            """
            INSERT INTO \(schema).projections AS p (projection, state, reason, stopped_position, stopped_partition)
            VALUES (\(name), \(state.word), \(state.reason), \(event?.rawValue), \(partition.map { Int16($0) }))
            ON CONFLICT ON CONSTRAINT projections_pkey DO UPDATE
            SET state = EXCLUDED.state, reason = EXCLUDED.reason, changed_at = clock_timestamp(),
                stopped_position = EXCLUDED.stopped_position, stopped_partition = EXCLUDED.stopped_partition
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
