import Martlet
import MartletTesting
import Testing

/// Links cut while the server holds appends at a step; after the commit, see SettlementTests.
@Suite(.tags(.database)) struct CutLinkTests {
    enum Step: CaseIterable {
        /// Sent, and waiting for the log's lock.
        case waiting
        /// About to write.
        case writing
    }

    @Test(arguments: Step.allCases)
    func `appends whose links are cut happen once, when sending them again is harmless`(step: Step) async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = application.store
            let outcomes = try await cuttingLinks(at: step, application) {
                let exact = (0..<20).map { number in
                    Task {
                        try await store.append(
                            [.received(cents: 1)], to: Account.ID("e\(number)"), expecting: .noStream)
                    }
                }
                let commands = (0..<20).map { number in
                    Task {
                        try await store.append(
                            [.received(cents: 1)], to: Account.ID("c\(number % 4)"), expecting: .any,
                            as: CommandID("command \(number)"))
                    }
                }
                return exact + commands
            }
            #expect(outcomes.allSatisfy { (try? $0.get()) != nil })
            let found = try await application.pool.query(
                """
                SELECT count(*), max(position), max(version), (SELECT count(*) FROM martlet.commands)
                FROM martlet.events
                """)[0]
            #expect(try found.decode(Int.self, Int.self, Int.self, Int.self) == (40, 40, 5, 20))
        }
    }

    @Test func `an append that could be written twice is not sent again`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let outcomes = try await cuttingLinks(at: .writing, application) {
                [
                    Task {
                        try await application.store.append([.received(cents: 1)], to: Account.ID("a"), expecting: .any)
                    }
                ]
            }
            guard case .failure(let error) = outcomes[0], case AppendError.unknown = error else {
                Issue.record("\(outcomes[0])")
                return
            }
            #expect(try await application.store.head() == 0)
        }
    }

    /// Starts appends, ends the sessions of those that have come to the step, and returns how all of them ended.
    private func cuttingLinks(
        at step: Step, _ application: Application, _ start: () -> [Task<Receipt, any Error>]
    ) async throws -> [Result<Receipt, any Error>] {
        let holder = try await Connection.open(application.pool.configuration)
        switch step {
        case .waiting:
            try await holder.query("SELECT pg_advisory_lock(1297240692, ('martlet.events'::regclass)::oid::integer)")
        case .writing:
            try await holder.query("SELECT pg_advisory_lock(7, (('martlet.events'::regclass)::oid::integer))")
            try await holder.run(
                script: """
                    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        PERFORM pg_advisory_xact_lock(7, ('martlet.events'::regclass)::oid::integer);
                        RETURN NULL;
                    END $$;
                    CREATE TRIGGER hold BEFORE INSERT ON martlet.events FOR EACH STATEMENT EXECUTE FUNCTION hold();
                    """)
        }
        let tasks = start()
        var ended = 0
        while ended == 0 {
            ended = try await holder.query(
                """
                SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
                WHERE a.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
                """
            ).count
            try await Task.sleep(for: .milliseconds(5))
        }
        try await holder.query("SELECT pg_advisory_unlock_all()")
        var outcomes: [Result<Receipt, any Error>] = []
        for task in tasks { outcomes.append(await task.result) }
        return outcomes
    }
}
