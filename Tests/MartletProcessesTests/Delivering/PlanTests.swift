import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

/// To the planner a table that was empty when it was vacuumed has no rows, whatever comes into it: all indexes that a
/// statement could use cost the same then, and one of them leads through all dead rows.
@Suite(.tags(.database)) struct PlanTests {
    @Test(arguments: [
        ("process_effects", "place = $1 AND effect = $2", "process_effects_pkey"),
        ("process_effects", "build = $1 AND instance = $2::text AND number = $2", "process_effects_number_key"),
        ("process_timers", "build = $1 AND instance = $2::text AND timer = $2::text", "process_timers_pkey"),
        ("process_timers", "place = $1 AND fired_at IS NULL AND due_at < to_timestamp($2)", "process_timers_due_idx"),
    ])
    func `what comes and goes is found by one index alone`(table: String, condition: String, index: String)
        async throws
    {
        try await Office.with { office in
            let pool = office.application.pool
            let table = SQL(trusted: "martlet.\(table)")
            try await pool.withConnection { connection in
                try await connection.query("VACUUM ANALYZE \(table)")
                for setting in ["enable_seqscan = off", "plan_cache_mode = force_generic_plan"] {
                    try await connection.query(SQL(trusted: "SET \(setting)"))
                }
                try await connection.query(
                    "PREPARE find (bigint, integer) AS SELECT FROM \(table) WHERE \(SQL(trusted: condition))")
                let lines = try await connection.query("EXPLAIN EXECUTE find (1, 1)")
                    .map { line in try line.decode(String.self) }
                let plan = lines.joined(separator: "\n")
                #expect(plan.contains(index), "\(plan)")
                #expect(!plan.contains("Filter: "), "\(plan)")
            }
        }
    }
}
