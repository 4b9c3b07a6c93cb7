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
            try await bench.query("VACUUM ANALYZE martlet_log.group_offsets")
            let held = try await bench.log.storage.claim(
                ["orders"], for: "readers", member: UUID(), lease: .seconds(60))
            let epoch = try #require(held.first).epoch
            let old = try await Connection.open(bench.configuration)
            try await old.run(
                script: """
                    SET idle_in_transaction_session_timeout = 0;
                    BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM martlet_log.groups
                    """)
            let connection = try await Connection.open(bench.configuration)
            try await connection.query("SET synchronous_commit = off")
            try await connection.run(
                script: """
                    DO $$
                    DECLARE
                        place tid;
                    BEGIN
                        FOR number IN 1..20000 LOOP
                            place := martlet_log.commit_offset('readers', 'orders', 0, \(epoch), number, place);
                            COMMIT;
                        END LOOP;
                        PERFORM set_config('martlet.place', place::text, false);
                    END $$
                    """)
            let place = try await connection.query("SELECT current_setting('martlet.place')").first?
                .decode(String.self)
            let pages = (
                try await pages(touchedFrom: place, epoch, connection),
                try await self.pages(touchedFrom: nil, epoch, connection)
            )
            #expect(pages.0 < 40 && pages.1 > 100, "\(pages)")
        }
    }

    /// - Parameter place: where the row is, nil for a commit that does not know.
    private func pages(touchedFrom place: String?, _ epoch: Int64, _ connection: Connection) async throws -> Int {
        // The first call reads the catalog, too.
        let moved = try await connection.query(
            "SELECT martlet_log.commit_offset('readers', 'orders', 0, \(epoch), 1, \(place)::text::tid)::text"
        ).first?.decode(String.self)
        let lines = try await connection.query(
            """
            EXPLAIN (ANALYZE, BUFFERS) SELECT martlet_log.commit_offset(
                'readers', 'orders', 0, \(epoch), 1, \(place == nil ? nil : moved)::text::tid)
            """
        ).map { line in try line.decode(String.self) }
        let found = lines.joined().firstMatch(of: /shared hit=(\d+)/)
        return try #require(found.flatMap { Int($0.output.1) }, "\(lines)")
    }
}
