import FoundationEssentials
import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

/// What comes and goes in the groups' tables leaves dead rows behind, which an open transaction keeps from being removed.
@Suite(.tags(.database)) struct GroupUpkeepTests {
    /// To the planner a table that was empty when it was vacuumed has no rows, and all its indexes cost the same.
    @Test(arguments: [
        ("group_members", "group_name = $1 AND member = $2::text::uuid", "group_members_pkey"),
        ("group_leases", "group_name = $1 AND topic = $2 AND partition = $2", "group_leases_pkey"),
        ("group_offsets", "group_name = $1 AND topic = $2 AND partition = $2", "group_offsets_pkey"),
    ])
    func `what comes and goes is found by one index alone`(table: String, condition: String, index: String)
        async throws
    {
        try await GroupBench.with { bench in
            let connection = try await Connection.open(bench.configuration)
            let table = SQL(trusted: "martlet_log.\(table)")
            try await connection.query("VACUUM ANALYZE \(table)")
            for setting in ["enable_seqscan = off", "plan_cache_mode = force_generic_plan"] {
                try await connection.query(SQL(trusted: "SET \(setting)"))
            }
            try await connection.query(
                "PREPARE find (text, integer) AS SELECT FROM \(table) WHERE \(SQL(trusted: condition))")
            let lines = try await connection.query("EXPLAIN EXECUTE find ('1', 1)")
                .map { line in try line.decode(String.self) }
            let plan = lines.joined(separator: "\n")
            #expect(plan.contains(index), "\(plan)")
            #expect(!plan.contains("Filter: "), "\(plan)")
        }
    }

    @Test func `a commit finds its row among any number of dead versions`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            let (storage, partition) = (bench.log.storage, TopicPartition("orders", 0))
            try await bench.query("VACUUM ANALYZE martlet_log.group_offsets")
            let held = try await storage.claim(["orders"], for: "readers", member: UUID(), lease: .seconds(60))
            let epoch = try #require(held.first).epoch
            let old = try await Connection.open(bench.configuration)
            try await old.run(
                script: """
                    SET idle_in_transaction_session_timeout = 0;
                    BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM martlet_log.groups
                    """)
            for offset in 1...1000 {
                try await storage.commit(
                    Offset(rawValue: Int64(offset)), in: partition, by: "readers", epoch: epoch)
            }
            let key = CommitPlaces.Key(group: "readers", partition: partition)
            let place = try #require((storage as? PostgresLogStorage)?.commitPlaces[key])
            let commit: SQL = """
                SELECT martlet_log.commit_offset('readers', 'orders', 0, \(epoch), 1001, \(place)::text::tid)
                """
            var pages = 0
            let connection = try await Connection.open(bench.configuration)
            // The first call reads the catalog, too.
            for _ in 0..<2 { pages = try await self.pages(touchedBy: commit, connection) }
            #expect(pages < 60)
        }
    }

    private func pages(touchedBy commit: SQL, _ connection: Connection) async throws -> Int {
        let lines = try await connection.query("EXPLAIN (ANALYZE, BUFFERS) \(commit)").map { line in
            try line.decode(String.self)
        }
        let found = lines.joined().firstMatch(of: /shared hit=(\d+)/)
        return try #require(found.flatMap { Int($0.output.1) }, "\(lines)")
    }
}
