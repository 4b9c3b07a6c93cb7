import FoundationEssentials
import MartletDomain
import MartletPostgres

/// This process's part in a build's partitions, as the database says.
struct Claims: Sendable {
    let projection: String
    let target: BuildTarget
    let member: UUID
    let lease: Duration
    let pool: ConnectionPool

    struct Answer: Sendable {
        var leases: [PartitionLease] = []
        /// How many of them it should keep; without any it is not told.
        var share = 0
    }

    /// Renews what this process holds and takes its fair share of what is free.
    func claim() async throws -> Answer {
        let milliseconds = Int64(lease / .milliseconds(1))
        let rows = try await pool.query(
            """
            SELECT share, partition, position, epoch, is_suspect FROM \(target.schema).claim_partitions(
                \(target.build), \(target.stage.rawValue), \(member), \(milliseconds) * interval '1 ms')
            """)
        var answer = Answer()
        for row in rows {
            let (share, partition, position, epoch, isSuspect) = try row.decode(
                Int64.self, Int16.self, Int64.self, Int64.self, Bool.self)
            answer.share = Int(share)
            answer.leases.append(
                PartitionLease(
                    partition: Int(partition), epoch: epoch, position: GlobalPosition(rawValue: position),
                    isSuspect: isSuspect))
        }
        return answer
    }

    /// Gives partitions back in good order, so that somebody else can have them at once.
    func release(_ leases: [PartitionLease]) async throws {
        guard !leases.isEmpty else { return }
        try await pool.transaction { transaction in
            transaction.enqueue(
                """
                WITH mine AS (
                    SELECT p.partition FROM \(target.schema).projection_partitions p
                    JOIN unnest(\(leases.map { Int16($0.partition) }), \(leases.map(\.epoch))) AS m (partition, epoch)
                        ON m.partition = p.partition AND m.epoch = p.epoch
                    WHERE p.build = \(target.build) ORDER BY p.partition FOR UPDATE OF p
                ), ended AS (
                    UPDATE \(target.schema).projection_partitions p SET claimed_position = NULL FROM mine
                    WHERE p.build = \(target.build) AND p.partition = mine.partition
                    RETURNING p.partition
                ), held AS (
                    SELECT l.partition FROM \(target.schema).projection_leases l
                    WHERE l.build = \(target.build) AND l.member = \(member)
                        AND l.partition IN (SELECT partition FROM ended)
                    ORDER BY l.partition FOR UPDATE
                )
                UPDATE \(target.schema).projection_leases l SET member = NULL, leased_until = '-infinity'
                FROM held
                WHERE l.build = \(target.build) AND l.partition = held.partition AND l.member = \(member)
                """)
            transaction.enqueue(call)
        }
    }

    /// Asks the others to look whether their share has changed.
    func callOthers() async throws { try await pool.query(call) }

    private var call: SQL { ProgressMessage.claim(projection).notification(in: target.schema) }

    /// Leaves those who share the work.
    func leave() async throws {
        try await pool.execute(
            """
            DELETE FROM \(target.schema).projection_members WHERE build = \(target.build) AND member = \(member)
            """)
    }

    /// Tells the others how the work goes.
    func tell(_ reports: [(partition: Int, rate: Double, problem: String?)]) async throws {
        guard !reports.isEmpty else { return }
        try await pool.execute(
            """
            WITH mine AS (
                SELECT l.partition FROM \(target.schema).projection_leases l
                WHERE l.build = \(target.build) AND l.member = \(member) ORDER BY l.partition FOR NO KEY UPDATE
            )
            UPDATE \(target.schema).projection_leases l
            SET rate = r.rate, problem = r.problem, told_at = clock_timestamp()
            FROM mine
            JOIN unnest(\(reports.map { Int16($0.partition) }), \(reports.map(\.rate)), \(reports.map(\.problem)))
                AS r (partition, rate, problem) USING (partition)
            WHERE l.build = \(target.build) AND l.partition = r.partition AND l.member = \(member)
            """)
    }
}
