import Martlet
import MartletTesting
import Testing

@Suite struct RetentionTests {
    @Test func `a running application forgets answers that are older than it was told to keep`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration, commandRetention: .seconds(60))
            try await application.migrate()
            let store = application.store
            for number in 0..<1200 where number.isMultiple(of: 100) {
                try await store.append(
                    [.rung(cents: number)], to: Till.ID("\(number)"), expecting: .noStream, as: CommandID("\(number)"))
            }
            // More than one round of deleting.
            try await application.pool.execute(
                """
                INSERT INTO martlet.commands (position, recorded_at, command_id, digest, versions)
                SELECT 0, clock_timestamp() - interval '1 hour', 'old ' || n, ''::bytea, '{}' FROM generate_series(1, 2500) n
                """)
            try await application.pool.execute(
                """
                INSERT INTO martlet.commands (position, recorded_at, command_id, digest, versions)
                VALUES (0, clock_timestamp() + interval '1 hour', 'young', ''::bytea, '{}')
                """)
            let running = Task { try await application.run() }
            defer { running.cancel() }
            while try await application.pool.query("SELECT FROM martlet.commands").count > 13 {
                try await Task.sleep(for: .milliseconds(20))
            }
            let left = try await application.pool.query(
                "SELECT count(*) FROM martlet.commands WHERE command_id LIKE 'old%'")[0]
            #expect(try left.decode(Int.self) == 0)
        }
    }
}
