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

    /// Takes all partitions; whoever had them can commit nothing more.
    func take(in transaction: Transaction) async throws -> [PartitionLease] {
        transaction.enqueue(renewal(where: "true"))
        let rows = try await transaction.query(
            """
            UPDATE \(target.schema).projection_partitions SET epoch = epoch + 1, claimed_position = position
            WHERE build = \(target.build) RETURNING partition, epoch, position
            """)
        return try rows.map { row in
            let (partition, epoch, position) = try row.decode(Int16.self, Int64.self, Int64.self)
            return PartitionLease(
                partition: Int(partition), epoch: epoch, position: GlobalPosition(rawValue: position),
                isSuspect: false)
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

    /// Without it the lease runs out by itself. In a task of its own, since this one may be cancelled.
    private func release() async {
        await Task {
            do {
                try await pool.execute(
                    """
                    UPDATE \(target.schema).projection_leases SET member = NULL, leased_until = '-infinity'
                    WHERE build = \(target.build) AND member = \(member)
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
