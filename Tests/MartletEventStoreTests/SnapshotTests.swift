import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

@Suite(.tags(.database)) struct SnapshotTests {
    private let id = Tally<EveryTen>.ID("a")

    /// An application in which a tally has come to 25 by as many events, its first event no longer readable.
    private func withLongStream(
        _ body: (Application, CountingStorage) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.withApplication { application in
            for _ in 0..<25 { try await application.execute(.add(1), on: id) }
            await application.store.snapshotsSettled()
            try await application.pool.execute("UPDATE martlet.events SET type = 'tally.lost' WHERE version = 1")
            try await body(application, CountingStorage(application.store.storage))
        }
    }

    /// The version and state version of the one snapshot, and its number of changes.
    private func kept(_ application: Application) async throws -> (Int, Int)? {
        try await application.pool.query("SELECT version, state_version FROM martlet.snapshots").first?
            .decode(Int.self, Int.self)
    }

    @Test func `a snapshot is taken every ten events, and loading begins with it, in one round trip`() async throws {
        try await withLongStream { application, storage in
            #expect(try #require(try await kept(application)) == (20, 1))
            let store = EventStore(storage)
            let loaded = try await store.load(id)
            #expect(loaded.state.sum == 25)
            #expect(loaded.receipt == Receipt(version: 25, position: 25))
            #expect(storage.counts == CountingStorage.Counts(snapshotReads: 1, events: 5))
            // What would be without it.
            try await application.pool.execute("DELETE FROM martlet.snapshots")
            await #expect(throws: EventStoreError.self) { try await EventStore(storage).load(id) }
        }
    }

    @Test func `a command on an aggregate that nobody remembers begins with the snapshot too`() async throws {
        try await withLongStream { _, storage async throws in
            let (store, other) = (EventStore(storage), EventStore(storage))
            #expect(try await store.execute(.raise(to: 26), on: id).version == 26)
            #expect(try await other.execute(.raise(to: 27), on: id, as: "raise").version == 27)
            #expect(storage.counts.snapshotReads == 2)
        }
    }

    @Test func `a policy by bytes counts the payloads that were folded`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let id = Tally<EveryHundredBytes>.ID("a")
            // {"_0":1} is 8 bytes, and 13 of them are the first to make 100.
            for _ in 0..<12 { try await application.execute(.add(1), on: id) }
            await application.store.snapshotsSettled()
            #expect(try await kept(application) == nil)
            try await application.execute(.add(1), on: id)
            await application.store.snapshotsSettled()
            #expect(try #require(try await kept(application)) == (13, 1))
        }
    }

    @Test func `a load that folds enough takes a snapshot, without a cache as well`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let events = [Tally<EveryTen>.Event](repeating: .added(1), count: 2500)
            try await application.store.append(events, to: id, expecting: .noStream)
            let store = EventStore(application.store.storage, cache: .off)
            #expect(try await store.load(id).state.sum == 2500)
            await store.snapshotsSettled()
            #expect(try #require(try await kept(application)) == (2500, 1))
            #expect(store.snapshotStatus == SnapshotStatus(written: 1))
        }
    }

    @Test func `more events than a page after the snapshot are all folded`() async throws {
        try await withLongStream { application, storage in
            let events = [Tally<EveryTen>.Event](repeating: .added(1), count: 2500)
            try await application.store.append(events, to: id, expecting: .exactly(25))
            let store = EventStore(storage)
            #expect(try await store.load(id).state.sum == 2525)
            #expect(storage.counts == CountingStorage.Counts(streamReads: 2, snapshotReads: 1, events: 2505))
        }
    }

    @Test func `a program of a later version does not read the snapshot, and replaces it for good`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            for _ in 0..<25 { try await application.execute(.add(1), on: id) }
            await application.store.snapshotsSettled()
            // Not what the events say; who believes it shows it.
            try await application.pool.execute(#"UPDATE martlet.snapshots SET state = '{"sum":1000}'"#)
            let later = EventStore(application.pool)
            #expect(try await later.load(Tally<EveryTenOfTwo>.ID("a")).state.sum == 25)
            await later.snapshotsSettled()
            #expect(try #require(try await kept(application)) == (25, 2))

            let earlier = EventStore(application.pool)
            #expect(try await earlier.load(id).state.sum == 25)
            for _ in 0..<10 { try await earlier.execute(.add(1), on: id) }
            await earlier.snapshotsSettled()
            #expect(try #require(try await kept(application)) == (25, 2))
        }
    }

    @Test(arguments: [#"{"sum":"many"}"#, "{}", "[1,2]", "null"])
    func `a snapshot that cannot be decoded is passed over and replaced`(state: String) async throws {
        try await ThrowawayDatabase.withApplication { application in
            for _ in 0..<25 { try await application.execute(.add(1), on: id) }
            await application.store.snapshotsSettled()
            try await application.pool.execute("UPDATE martlet.snapshots SET state = \(JSON(bytes: Array(state.utf8)))")
            let storage = CountingStorage(application.store.storage)
            let store = EventStore(storage)
            #expect(try await store.load(id).state.sum == 25)
            #expect(storage.counts.events == 5 + 25)
            await store.snapshotsSettled()
            #expect(try #require(try await kept(application)) == (25, 1))
            #expect(store.snapshotStatus.lastError?.contains("\"tally-a\": the snapshot cannot be decoded") == true)
            #expect(try await EventStore(application.pool).load(id).state.sum == 25)
        }
    }

    @Test(arguments: [(99, 99), (20, 19), (25, 99)])
    func `a snapshot of events that are not there is passed over and replaced`(
        version: Int, position: Int
    ) async throws {
        try await ThrowawayDatabase.withApplication { application in
            for _ in 0..<25 { try await application.execute(.add(1), on: id) }
            await application.store.snapshotsSettled()
            try await application.pool.execute(
                """
                UPDATE martlet.snapshots SET version = \(version), position = \(position), state = '{"sum":1000}'
                """)
            let store = EventStore(application.pool)
            #expect(try await store.load(id).state.sum == 25)
            await store.snapshotsSettled()
            #expect(try #require(try await kept(application)) == (25, 1))
            #expect(try await EventStore(application.pool).load(id).state.sum == 25)
        }
    }

    @Test func `what is written late does not move a snapshot back`() async throws {
        try await withLongStream { application, _ in
            for (version, stateVersion) in [(20, 2), (10, 2), (25, 1), (19, 2)] {
                try await application.store.storage.writeSnapshots([snapshot(version, stateVersion)])
            }
            #expect(try #require(try await kept(application)) == (20, 2))
        }
    }

    private func snapshot(_ version: Int, _ stateVersion: Int) -> StoredSnapshot {
        StoredSnapshot(
            stream: id.name, stateVersion: stateVersion, version: StreamVersion(rawValue: Int64(version)),
            position: GlobalPosition(rawValue: Int64(version)), state: Array(#"{"sum":0}"#.utf8))
    }

    @Test func `two stores that take snapshots of one stream at the same time only move it forwards`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.pool.execute("CREATE TABLE moves (came bigint NOT NULL, was bigint NOT NULL)")
            try await application.pool.execute(
                """
                CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO moves VALUES (NEW.version, OLD.version); RETURN NEW; END $$
                """)
            try await application.pool.execute(
                "CREATE TRIGGER note_move BEFORE UPDATE ON martlet.snapshots FOR EACH ROW EXECUTE FUNCTION note_move()")
            let id = Tally<EveryEvent>.ID("a")
            let stores = [EventStore(application.pool), EventStore(application.pool)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<6 {
                    group.addTask { try await add(100, to: id, stores[worker % 2]) }
                }
                try await group.waitForAll()
            }
            for store in stores { await store.snapshotsSettled() }
            #expect(stores.map(\.snapshotStatus.lastError) == [nil, nil])
            let moves = try await application.pool.query(
                "SELECT count(*), count(*) FILTER (WHERE came < was) FROM moves")[0]
            let (all, backwards) = try moves.decode(Int.self, Int.self)
            #expect(all > 10)
            #expect(backwards == 0)
            #expect(try #require(try await kept(application)) == (600, 1))
            #expect(try await EventStore(application.pool).load(id).state.sum == 600)
        }
    }

    @Sendable private func add(_ count: Int, to id: Tally<EveryEvent>.ID, _ store: EventStore) async throws {
        var left = count
        while left > 0 {
            do throws(ExecuteError<Tally<EveryEvent>.TooSmall>) {
                try await store.execute(.add(1), on: id)
                left -= 1
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
    }
}
