import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct InlineAtomicityTests {
    @Test func `every snapshot shows the table as the fold of its log, without lag`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let appends = Task {
                let outcomes = await InlineTests.all(8) { caller in
                    for _ in 1..<40 { try await application.execute(.counted(by: 3), on: Counter.ID("\(caller)")) }
                    return try await application.execute(.counted(by: 3), on: Counter.ID("\(caller)"))
                }
                #expect(outcomes.compactMap(\.problem).isEmpty)
            }
            var seen: Set<Int> = []
            while try await application.store.head() < 320 {
                try await application.pool.transaction(.repeatableRead) { snapshot in
                    let head = try await snapshot.query("SELECT count(*) FROM martlet.events")[0].decode(Int.self)
                    #expect(try await snapshot.query(Application.balancesDifference).isEmpty)
                    seen.insert(head)
                }
            }
            await appends.value
            #expect(seen.count > 3)
        }
    }

    @Test func `ended sessions leave events and rows alike`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let killer = try await Connection.open(application.pool.configuration)
            let appends = Task {
                await InlineTests.all(8) { caller in
                    for number in 1..<60 {
                        try await application.execute(
                            .counted(by: 1), on: Counter.ID("\(caller)"), as: CommandID("\(caller) \(number)"))
                    }
                    return try await application.execute(
                        .counted(by: 1), on: Counter.ID("\(caller)"), as: CommandID("\(caller)"))
                }
            }
            for _ in 0..<60 {
                try await killer.query(
                    """
                    SELECT pg_terminate_backend(pid), pg_sleep(0.01) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend' AND state <> 'idle' ORDER BY random() LIMIT 1
                    """)
            }
            for problem in await appends.value.compactMap(\.problem) {
                // Only where the link was cut while a command's load, and nothing of an append, was under way.
                guard case ExecuteError<Never>.failed(let failure) = problem, failure.isUnavailability else {
                    throw problem
                }
            }
            #expect(try await application.pool.query(Application.balancesDifference).isEmpty)
            let head = try await application.store.head()
            #expect(try await application.inlinePosition("balances") == head)
        }
    }

    /// Links cut while the server is at COMMIT, which it then gives up: the appends are sent again.
    @Test func `a link cut at the commit leaves both or neither, and the append is made once`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let holder = try await Connection.open(application.pool.configuration)
            try await holder.query("SELECT pg_advisory_lock(7, 7)")
            try await holder.run(
                script: """
                    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        SET LOCAL lock_timeout = 0;
                        PERFORM pg_advisory_xact_lock(7, 7);
                        RETURN NULL;
                    END $$;
                    CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON read_models.balances
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();
                    """)
            let exact = Task {
                try await application.store.append([.counted(by: 1)], to: Counter.ID("a"), expecting: .noStream)
            }
            try await endSession(waitingWith: "COMMIT", holder)
            try await holder.query("SELECT pg_advisory_unlock_all()")
            #expect(try await exact.value == Receipt(version: 1, position: 1))

            try await holder.query("SELECT pg_advisory_lock(7, 7)")
            let any = Task {
                try await application.store.append([.counted(by: 1)], to: Counter.ID("b"), expecting: .any)
            }
            try await endSession(waitingWith: "COMMIT", holder)
            try await holder.query("SELECT pg_advisory_unlock_all()")
            guard case .failure(AppendError.unknown(_)) = await any.result else {
                Issue.record("\(await any.result)")
                return
            }
            #expect(try await application.store.head() == 1)
            #expect(try await application.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    private func endSession(waitingWith query: String, _ holder: Connection) async throws {
        var ended = 0
        while ended == 0 {
            ended = try await holder.query(
                """
                SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
                WHERE a.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
                    AND a.query = \(query)
                """
            ).count
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Holds the log's lock and says nothing more, as a frozen process would.
    @Test func `a projection that stands still is ended, and the others go on`() async throws {
        try await ThrowawayDatabase.with { database in
            let gate = Gate()
            let frozen = Application(postgres: database.configuration) { Inline(Waiting(gate: gate)) }
            let other = Application(postgres: database.configuration)
            try await frozen.migrate()
            let append = Task {
                try await frozen.store.append([.counted(by: 1)], to: Counter.ID("a"), expecting: .noStream)
            }
            await gate.arrived()
            let start = ContinuousClock.now
            try await other.execute(.counted(by: 1), on: Counter.ID("b"))
            #expect(ContinuousClock.now - start < .seconds(2))
            await gate.open()
            #expect(try await append.value.position == 2)
        }
    }
}

/// Waits in the middle of an append until it is let go.
private struct Waiting: Projection {
    static let name = "waiting"
    let gate: Gate

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        if recorded.stream.key == "a" { await gate.pass() }
        try await transaction.query("SELECT 1")
    }
}

/// Closed until somebody opens it.
private actor Gate {
    private var isOpen = false
    private var hasArrived = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        hasArrived = true
        wake()
        while !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    func arrived() async {
        while !hasArrived { await withCheckedContinuation { waiting.append($0) } }
    }

    func open() {
        isOpen = true
        wake()
    }

    private func wake() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
