import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct UnknownCommitTests {
    /// Has the session that reacts killed once its commit is done, and before it can tell.
    private func killCommitting(in office: Office) async throws {
        let pool = office.application.pool
        try await office.wait(for: "SELECT true FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        // Commits are done then, and wait to be told of by a standby that is not there.
        try await pool.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try await pool.query("SELECT pg_reload_conf()")
        try await office.wait(
            for: """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE wait_event = 'SyncRep' AND xact_start < clock_timestamp() - interval '0.8 s'
                """)
        try await pool.query("ALTER SYSTEM RESET synchronous_standby_names")
        try await pool.query("SELECT pg_reload_conf()")
    }

    @Test func `what a commit has led to of which nobody was told is delivered at once`() async throws {
        try await PrivateCluster.with { cluster in
            let office = Office(cluster.configuration)
            try await office.application.migrate()
            try await office.application.pool.execute(
                """
                CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
                """)
            try await office.application.pool.execute(
                """
                CREATE TRIGGER dawdle BEFORE INSERT ON martlet.process_effects
                FOR EACH STATEMENT EXECUTE FUNCTION dawdle()
                """)
            try await office.running {
                try await office.begin(.post(on: "b"))
                try await killCommitting(in: office)
                let begun = ContinuousClock.now
                try await office.wait(for: "SELECT true FROM martlet.events WHERE type = 'board.posted'")
                #expect(.now - begun < .seconds(2))
                #expect(try await office.count("SELECT count(*) FROM martlet.process_history") == 1)
            }
        }
    }
}
