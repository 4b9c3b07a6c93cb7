import MartletDomain
import MartletEventStore
import MartletPostgres

/// Makes another build the one that is read, in one transaction: tables, checkpoints and fences change together.
struct BuildSwap: Sendable {
    let declaration: ReadModelDeclaration
    let surroundings: ProjectionSurroundings
    /// How long a statement waits for readers to let go of a table. New readers wait behind it meanwhile.
    private static let wait = "250"
    /// For how long it is tried again.
    private static let patience: Duration = .seconds(60)

    init(_ declaration: ReadModelDeclaration, _ surroundings: ProjectionSurroundings) {
        (self.declaration, self.surroundings) = (declaration, surroundings)
    }

    private var builds: Builds { Builds(declaration, surroundings) }
    private var schema: SQLIdentifier { surroundings.schema }

    /// Tries a swap again while readers or workers are in the way.
    /// - Parameter body: gets how long its statements are to wait for a table.
    /// - Throws: ``RebuildError/tablesInUse(projection:tried:)``, and what `body` throws.
    func insisting<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Transaction, _ wait: SQL) async throws -> Result
    ) async throws -> Result {
        let begun = ContinuousClock.now
        let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
        var failures = 0
        while true {
            do {
                // An autovacuum gives way, though only to who has waited for the deadlock time-out. Readers would wait
                // as long at every try, so only some wait for it; who it was that blocked cannot be asked afterwards.
                let wait = failures % 5 == 4 ? Self.longWait : "\(Self.wait)"
                return try await surroundings.pool.transaction { transaction in
                    // Readers do not wait while this waits for workers or for another swap.
                    transaction.enqueue(Self.settings("'2s'"))
                    try await builds.lock(transaction)
                    return try await body(transaction, wait)
                }
            } catch let error as PostgresError where error.isInTheWay && !Task.isCancelled {
                failures += 1
                guard ContinuousClock.now - begun < Self.patience else {
                    throw RebuildError.tablesInUse(projection: declaration.name, tried: Self.patience)
                }
                try await Task.sleep(for: backoff.delay(after: failures))
            }
        }
    }

    /// A little more than the deadlock time-out.
    private static let longWait: SQL = """
        (SELECT (setting::bigint + 500)::text FROM pg_settings WHERE name = 'deadlock_timeout')
        """

    /// Set in the transaction: a pooler may have dropped what the session was opened with.
    private static func settings(_ wait: SQL) -> SQL {
        """
        SELECT set_config('lock_timeout', \(wait), true), set_config('idle_in_transaction_session_timeout', '10s', true)
        """
    }

    /// - Throws: ``RebuildError/dependents(projection:_:)`` when something else holds on to tables of these builds.
    func checkDependents(_ known: [Builds.Known?], in transaction: Transaction) async throws {
        var dependents: [String] = []
        for build in known.compactMap(\.self) {
            dependents += try await BuildContents(known: build, pool: surroundings.pool).dependents(in: transaction)
        }
        guard dependents.isEmpty else { throw RebuildError.dependents(projection: declaration.name, dependents) }
    }

    /// Makes a build live, and keeps the one that was.
    func replace(
        _ live: Builds.Known, by new: Builds.Known, _ wait: SQL, in transaction: Transaction
    ) async throws {
        let previous = try await builds.find(.previous, in: transaction)
        try await checkDependents([live, previous], in: transaction)
        // What was applied before has set others.
        transaction.enqueue(Self.settings(wait))
        if let previous { drop(previous, in: transaction) }
        lock(surroundings.tables(of: .previous), in: transaction)
        transaction.enqueue("CREATE SCHEMA IF NOT EXISTS \(surroundings.tables(of: .previous))")
        copyGrants(from: live, to: new, in: transaction)
        move(live, to: surroundings.tables(of: .previous), in: transaction)
        move(new, to: surroundings.readModels, in: transaction)
        exchangeStages(live.target, new.target, kind: "rebuild", in: transaction)
        try await transaction.flush()
    }

    /// Makes the previous build live again, and keeps the one that was.
    func rollBack() async throws -> RollBackReport {
        let report = try await insisting { transaction, wait in
            guard let live = try await builds.find(.live, in: transaction),
                let previous = try await builds.find(.previous, in: transaction)
            else { throw RebuildError.noPrevious(projection: declaration.name) }
            try await checkDependents([live, previous], in: transaction)
            let between = surroundings.readModels.appending("_swapping")
            transaction.enqueue(Self.settings(wait))
            lock(between, in: transaction)
            transaction.enqueue("CREATE SCHEMA \(between)")
            copyGrants(from: live, to: previous, in: transaction)
            move(previous, to: between, in: transaction)
            move(live, to: surroundings.tables(of: .previous), in: transaction)
            move(previous, from: between, to: surroundings.readModels, in: transaction)
            transaction.enqueue("DROP SCHEMA \(between)")
            exchangeStages(live.target, previous.target, kind: "rollback", in: transaction)
            let contents = BuildContents(known: previous, pool: surroundings.pool)
            let position = try await contents.positions(in: transaction).min()
            return RollBackReport(
                projection: declaration.name, version: previous.target.version, versionBefore: live.target.version,
                position: position ?? .start)
        }
        await surroundings.signal.wake()
        return report
    }

    /// Drops the previous build and says which version it was.
    func dropPrevious() async throws -> Int {
        try await insisting { transaction, wait in
            guard let previous = try await builds.find(.previous, in: transaction) else {
                throw RebuildError.noPrevious(projection: declaration.name)
            }
            try await checkDependents([previous], in: transaction)
            transaction.enqueue(Self.settings(wait))
            drop(previous, in: transaction)
            return previous.target.version
        }
    }

    /// Leaves the statement that keeps two projections from making a schema at once, as ``Builds`` does.
    private func lock(_ tables: SQLIdentifier, in transaction: Transaction) {
        transaction.enqueue("SELECT pg_advisory_xact_lock(hashtextextended(\("martlet.schema.\(tables)"), 0))")
    }

    /// Leaves the statements that take a build away with its tables.
    func drop(_ build: Builds.Known, in transaction: Transaction) {
        for table in build.tables { transaction.enqueue("DROP TABLE IF EXISTS \(build.target.tables).\(table)") }
        transaction.enqueue("DELETE FROM \(schema).projection_builds WHERE build = \(build.target.build)")
    }

    private func move(
        _ build: Builds.Known, from place: SQLIdentifier? = nil, to schema: SQLIdentifier, in transaction: Transaction
    ) {
        for table in build.tables {
            transaction.enqueue("ALTER TABLE \(place ?? build.target.tables).\(table) SET SCHEMA \(schema)")
        }
    }

    private func copyGrants(from old: Builds.Known, to new: Builds.Known, in transaction: Transaction) {
        for table in new.tables where old.tables.contains(table) {
            transaction.enqueue(
                """
                SELECT \(schema).copy_grants(
                    \("\"\(old.target.tables)\".\"\(table)\"")::regclass,
                    \("\"\(new.target.tables)\".\"\(table)\"")::regclass)
                """)
        }
    }

    /// Leaves the statements by which the builds change places, and all who worked on either are fenced off.
    private func exchangeStages(
        _ old: BuildTarget, _ new: BuildTarget, kind: String, in transaction: Transaction
    ) {
        let both = [old.build, new.build]
        transaction.enqueue(
            """
            UPDATE \(schema).projection_builds SET stage = CASE build WHEN \(new.build) THEN 'live' ELSE 'previous' END
            WHERE build = ANY (\(both))
            """)
        transaction.enqueue(
            """
            UPDATE \(schema).projection_partitions SET epoch = epoch + 1, claimed_position = NULL
            WHERE build = ANY (\(both))
            """)
        transaction.enqueue(
            """
            UPDATE \(schema).projection_leases SET member = NULL, leased_until = '-infinity', problem = NULL
            WHERE build = ANY (\(both))
            """)
        transaction.enqueue("DELETE FROM \(schema).projection_members WHERE build = ANY (\(both))")
        // What made the old build stop is behind the new one; what an operator has paused stays paused.
        transaction.enqueue(
            """
            UPDATE \(schema).projections SET state = 'running', reason = NULL, changed_at = clock_timestamp()
            WHERE projection = \(declaration.name) AND state = 'stopped'
            """)
        transaction.enqueue(
            """
            INSERT INTO \(schema).projection_swaps
                (build, replaced_build, position, replaced_position, version, replaced_version, projection, kind)
            SELECT \(new.build), \(old.build),
                (SELECT min(position) FROM \(schema).projection_partitions WHERE build = \(new.build)),
                (SELECT min(position) FROM \(schema).projection_partitions WHERE build = \(old.build)),
                \(Int32(clamping: new.version)), \(Int32(clamping: old.version)), \(declaration.name), \(kind)
            """)
    }
}

extension PostgresError {
    /// Whether a lock could not be had for now.
    fileprivate var isInTheWay: Bool {
        [.lockNotAvailable, .deadlockDetected, .serializationFailure].contains(sqlState)
    }
}
