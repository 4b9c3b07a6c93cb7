import Martlet
import Synchronization
import Testing

struct SettlementTests {
    /// A commit that waits for a standby which does not exist is durable here already; ending its session then is the
    /// one way to lose the link after the commit every time.
    @Test func `an append whose link is lost after its commit is found committed, not written twice`() async throws {
        try await PrivateCluster.with { cluster in
            let application = Application(postgres: cluster.configuration)
            try await application.migrate()
            let admin = try await Connection.open(cluster.configuration)
            try await admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            try await admin.query("SELECT pg_reload_conf()")
            try await untilOne("name = 'synchronous_standby_names' AND setting = 'nobody'", in: "pg_settings", cluster)

            let isAnswered = Mutex(false)
            let append = Task {
                defer { isAnswered.withLock { $0 = true } }
                return try await application.store.append([.rung(cents: 5)], to: Till.ID("1"), expecting: .noStream)
            }
            try await untilOne("wait_event = 'SyncRep'", in: "pg_stat_activity", cluster)
            try await admin.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            // Found here, it still has to wait for the standby like the commit that was lost.
            try await untilOne(
                "wait_event = 'SyncRep' AND query LIKE '%emit_message%'", in: "pg_stat_activity", cluster)
            #expect(!isAnswered.withLock { $0 })
            try await admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            try await admin.query("SELECT pg_reload_conf()")

            #expect(try await append.value == Receipt(version: 1, position: 1))
            #expect(try await application.store.head() == 1)
        }
    }

    @Test func `a commit whose wait for a standby was cancelled is not called committed`() async throws {
        try await PrivateCluster.with { cluster in
            let application = Application(postgres: cluster.configuration)
            try await application.migrate()
            let admin = try await Connection.open(cluster.configuration)
            try await admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            try await admin.query("SELECT pg_reload_conf()")
            try await untilOne("name = 'synchronous_standby_names' AND setting = 'nobody'", in: "pg_settings", cluster)

            let append = Task {
                try await application.store.append([.rung(cents: 5)], to: Till.ID("1"), expecting: .noStream)
            }
            try await untilOne("wait_event = 'SyncRep'", in: "pg_stat_activity", cluster)
            try await admin.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            let error = await #expect(throws: AppendError.self) { try await append.value }
            guard case .unknown(let outcome) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(outcome.cause.sqlState == .statementCompletionUnknown)
            try await admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            try await admin.query("SELECT pg_reload_conf()")
            #expect(try await application.store.head() == 1)
        }
    }

    /// Asks until there is such a row; a new session each time, since a setting is read when a session begins.
    private func untilOne(_ condition: SQL, in view: SQL, _ cluster: PrivateCluster) async throws {
        while true {
            let connection = try await Connection.open(cluster.configuration)
            let rows = try await connection.query("SELECT 1 FROM \(view) WHERE \(condition)")
            guard rows.isEmpty else { return }
        }
    }
}
