import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

@Suite(.tags(.database)) struct OutageTests {
    /// Ends the database's other sessions, one at random twenty times a second, until `body` returns or six seconds
    /// have passed: on a starved machine nothing would ever get through.
    private func underTerminations(
        of database: ThrowawayDatabase, _ body: @Sendable @escaping () async throws -> Void
    ) async throws -> Int {
        let killer = try await Connection.open(database.configuration)
        return try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                var ended = 0
                let end = ContinuousClock.now + .seconds(6)
                while !Task.isCancelled, ContinuousClock.now < end {
                    ended += try await killer.query(
                        """
                        SELECT pg_terminate_backend(pid), pg_sleep(0.05) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND backend_type = 'client backend' ORDER BY random() LIMIT 1
                        """
                    ).count
                }
                return ended
            }
            group.addTask {
                try await body()
                return -1
            }
            var total = 0
            while let ended = await group.nextResult() {
                switch ended {
                case .success(-1): group.cancelAll()
                case .success(let count): total = count
                // The killer's own statement is cancelled at the end.
                case .failure(let error as PostgresError) where error.sqlState == .queryCanceled: continue
                case .failure(let error): throw error
                }
            }
            return total
        }
    }

    @Test func `appends at exact versions through a storm of ended sessions happen once each`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration)
            try await application.migrate()
            let store = application.store
            _ = try await underTerminations(of: database) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        group.addTask { try await write(60, to: Account.ID("\(writer)"), store) }
                    }
                    try await group.waitForAll()
                }
            }
            let found = try await application.pool.query(
                "SELECT count(*), max(position), max(version), count(DISTINCT payload::text) FROM martlet.events")[0]
            #expect(try found.decode(Int.self, Int.self, Int.self, Int.self) == (480, 480, 60, 60))
        }
    }

    /// Appends one event after the other, and each again only when it certainly was not written.
    @Sendable private func write(_ count: Int, to id: Account.ID, _ store: EventStore) async throws {
        var version = StreamVersion.none
        while version.rawValue < count {
            let event = Account.Event.received(cents: Int(version.rawValue))
            do throws(AppendError) {
                version = try await store.append([event], to: id, expecting: .exactly(version)).version
            } catch {
                guard case .failed(let failure) = error, failure.isUnavailability else { throw error }
            }
        }
    }

    @Test func `an append without an exact version is never sent twice`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let connection = try await Connection.open(application.pool.configuration)
            // Every append ends its own session after it has written.
            try await connection.run(
                script: """
                    CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                    CREATE TRIGGER hang_up AFTER INSERT ON martlet.events EXECUTE FUNCTION hang_up();
                    """)
            let error = await #expect(throws: AppendError.self) {
                try await application.store.append([.received(cents: 1)], to: Account.ID("ada"), expecting: .any)
            }
            guard case .unknown(let outcome) = error else { throw UnexpectedError(error) }
            #expect(outcome.stream == Account.ID("ada").name)
        }
    }

    @Test func `a bad append in a batch whose link was lost does not keep the others from being settled`() async throws
    {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await application.pool.execute(
                "ALTER TABLE martlet.events ADD CONSTRAINT events_no_thirteen CHECK (payload->>'cents' <> '13')")
            // Only the first statement that ever writes ends its own session, before it has written.
            let connection = try await Connection.open(application.pool.configuration)
            try await connection.run(
                script: """
                    CREATE SEQUENCE statements;
                    CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        IF nextval('statements') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                        RETURN NULL;
                    END $$;
                    CREATE TRIGGER hang_up BEFORE INSERT ON martlet.events EXECUTE FUNCTION hang_up();
                    """)
            let call = AppendCall(pool: application.pool, schema: "martlet")
            let units = try [12, 13, 14].map { cents in
                AppendUnit([
                    try AppendUnit.Stream(
                        [Account.Event.received(cents: cents)], to: Account.ID("\(cents)"), expecting: .noStream,
                        metadata: .none, codec: EventCodec())
                ])
            }
            let outcomes = await call.outcomes(of: units)
            #expect(outcomes.map(\.isCommitted) == [true, false, true])
            #expect(try await application.store.head() == 2)
        }
    }

    @Test func `a stream that lacks an event is not folded`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            for _ in 0..<3 { try await application.execute(.receive(cents: 1), on: Account.ID("ada")) }
            try await application.pool.execute("DELETE FROM martlet.events WHERE version = 2")
            let error = await #expect(throws: EventStoreError.self) {
                try await EventStore(application.pool).load(Account.ID("ada"))
            }
            #expect(error?.description.contains("\"account-ada\": expected version 2, found 3") == true)
        }
    }

    @Test func `a reader meets a hole and stops`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            for _ in 0..<3 { try await application.execute(.receive(cents: 1), on: Account.ID("ada")) }
            try await application.pool.execute("DELETE FROM martlet.events WHERE position = 2")
            let error = await #expect(throws: EventStoreError.self) {
                for try await _ in application.store.readLog() {}
            }
            #expect(error?.description == "the log has a hole: expected position 2, found 3")
        }
    }

    @Test func `an event of a type that is not known is an error that says which and where`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.execute(.receive(cents: 1), on: Account.ID("ada"))
            try await application.pool.execute("UPDATE martlet.events SET type = 'account.frozen'")
            let error = await #expect(throws: EventStoreError.self) {
                try await EventStore(application.pool).load(Account.ID("ada"))
            }
            #expect(
                error?.description.hasPrefix(
                    "event \"account.frozen\" at position 1 (stream \"account-ada\", version 1) cannot be decoded:")
                    == true)
        }
    }
}

extension AppendOutcome {
    fileprivate var isCommitted: Bool {
        if case .committed = self { true } else { false }
    }
}
