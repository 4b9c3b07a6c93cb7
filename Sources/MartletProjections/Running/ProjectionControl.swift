import MartletPostgres

/// Whether a projection is to run, for every process.
struct ProjectionControl: Sendable {
    private let name: String
    private let surroundings: ProjectionSurroundings

    init(_ name: String, _ surroundings: ProjectionSurroundings) {
        (self.name, self.surroundings) = (name, surroundings)
    }

    /// Once it returns nothing of the projection moves any more.
    func pause(because reason: String?) async throws { try await set(.paused, reason) }

    func stop(because reason: String) async throws { try await set(.stopped(reason: reason), reason) }

    func resume() async throws { try await set(.running, nil) }

    private func set(_ state: ProjectionStatus.State, _ reason: String?) async throws {
        let schema = surroundings.schema
        try await surroundings.pool.transaction { transaction in
            // A batch that is under way is waited for; while this has the builds, nobody claims a partition.
            transaction.enqueue("SELECT set_config('lock_timeout', '30s', true)")
            transaction.enqueue(
                "SELECT FROM \(schema).projection_builds WHERE projection = \(name) ORDER BY build FOR NO KEY UPDATE")
            transaction.enqueue(
                """
                INSERT INTO \(schema).projections AS p (projection, state, reason)
                VALUES (\(name), \(state.word), \(reason))
                ON CONFLICT ON CONSTRAINT projections_pkey DO UPDATE
                SET state = EXCLUDED.state, reason = EXCLUDED.reason, changed_at = clock_timestamp()
                """)
            // Whoever works on it now cannot commit any more; an event that ended its process gets new tries.
            transaction.enqueue(
                """
                UPDATE \(schema).projection_partitions p
                SET epoch = p.epoch + 1, claimed_position = NULL, tried_position = 0, tries = 0
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
}
