import FoundationEssentials
import MartletDomain
import MartletPostgres

/// What keeps two processes from rebuilding a projection at once: all partitions of the build are one process's, for as
/// long as it says so, by the database's clock.
struct RebuildLease: Sendable {
    let target: BuildTarget
    let member: UUID
    let lease: Duration
    let pool: ConnectionPool

    /// Until when another process has the build; nil when none has.
    static func rival(of member: UUID, on build: BuildTarget, in transaction: Transaction) async throws -> Date? {
        try await transaction.query(
            """
            SELECT max(leased_until) FROM \(build.schema).projection_leases
            WHERE build = \(build.build) AND member <> \(member) AND leased_until > clock_timestamp()
            """
        ).first?.decode(column: 0, as: Date?.self)
    }

    /// Takes all partitions; whoever had them can commit nothing more. As `claim_partitions` does, it finds those suspect
    /// whose holder died without moving.
    ///
    /// Whoever is within a transaction holds them for as long as that takes, even if its lease has run out. No time-out of
    /// the server ends a COPY of which nothing comes any more: a process that is frozen there has to be ended first.
    /// - Throws: ``RebuildError/underWay(projection:)`` when another process is within a transaction.
    func take(in transaction: Transaction) async throws -> [PartitionLease] {
        let before = try await holder(in: transaction)
        transaction.enqueue(renewal(where: "true"))
        do {
            return try await takePartitions(in: transaction)
        } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
            // A session that this process has lost ends in a while.
            guard let before, before.member != member else { throw error }
            throw RebuildError.underWay(projection: before.projection)
        }
    }

    /// Who has not given the build back, though its lease may have run out.
    private func holder(in transaction: Transaction) async throws -> (member: UUID, projection: String)? {
        try await transaction.query(
            """
            SELECT l.member, b.projection FROM \(target.schema).projection_leases l
            JOIN \(target.schema).projection_builds b ON b.build = l.build
            WHERE l.build = \(target.build) AND l.member IS NOT NULL LIMIT 1
            """
        ).first.map { row in try row.decode(UUID.self, String.self) }
    }

    private func takePartitions(in transaction: Transaction) async throws -> [PartitionLease] {
        let rows = try await transaction.query(
            """
            UPDATE \(target.schema).projection_partitions p
            SET epoch = p.epoch + 1, claimed_position = p.position,
                is_suspect = coalesce(p.claimed_position = p.position, false) OR p.tried_position > p.position
            WHERE p.build = \(target.build) RETURNING p.partition, p.epoch, p.position, p.is_suspect
            """)
        return try rows.map { row in
            let (partition, epoch, position, isSuspect) = try row.decode(
                Int16.self, Int64.self, Int64.self, Bool.self)
            return PartitionLease(
                partition: Int(partition), epoch: epoch, position: GlobalPosition(rawValue: position),
                isSuspect: isSuspect)
        }.sorted { $0.partition < $1.partition }
    }

    private func renewal(where condition: SQL) -> SQL {
        """
        UPDATE \(target.schema).projection_leases
        SET member = \(member), leased_until = clock_timestamp() + \(Int64(lease / .milliseconds(1))) * interval '1 ms'
        WHERE build = \(target.build) AND \(condition)
        """
    }

    /// Renews the lease for as long as the work goes on, and gives it back.
    func hold<Result: Sendable>(while work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let outcome = await Task.catching {
            try await withThrowingTaskGroup(of: Result?.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await renew()
                    return nil
                }
                group.addTask { try await work() }
                while let ended = try await group.next() { if let ended { return ended } }
                throw CancellationError()
            }
        }
        await release()
        return try outcome.get()
    }

    /// - Throws: `Checkpoint.Fenced` when another process has the build; `CancellationError`.
    private func renew() async throws {
        while true {
            try await Task.sleep(for: lease / 3)
            do {
                let count = try await pool.execute(renewal(where: "member = \(member)"))
                // A build that was swapped in is nobody's; the work is about to end then.
                if count == 0, try await isOfItsStage() { throw Checkpoint.Fenced() }
            } catch let error as PostgresError where error.isUnavailability || error.isOfTheMoment {
                // Each commit asks the database whether it still may.
            }
        }
    }

    private func isOfItsStage() async throws -> Bool {
        try await pool.transaction { transaction in
            try await transaction.query(
                """
                SELECT FROM \(target.schema).projection_builds
                WHERE build = \(target.build) AND stage = \(target.stage.rawValue)
                """
            ).first != nil
        }
    }

    /// Without it the lease runs out by itself, and whoever comes next is careful. In a task of its own, since this one
    /// may be cancelled.
    private func release() async {
        let mine: SQL = "build = \(target.build) AND member = \(member)"
        await Task {
            do {
                try await pool.execute(
                    """
                    UPDATE \(target.schema).projection_partitions SET claimed_position = NULL
                    WHERE build = \(target.build)
                        AND partition IN (SELECT partition FROM \(target.schema).projection_leases WHERE \(mine))
                    """)
            } catch {}
            do {
                try await pool.execute(
                    """
                    UPDATE \(target.schema).projection_leases SET member = NULL, leased_until = '-infinity'
                    WHERE \(mine)
                    """)
            } catch {}
        }.value
    }
}

extension Task where Success == Never, Failure == Never {
    /// What the body came to.
    fileprivate static func catching<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
