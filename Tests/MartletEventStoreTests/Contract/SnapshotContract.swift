import Martlet
import Testing

extension StoreContract {
    /// What the storage promises of snapshots; when they are taken is not its business.
    struct Snapshots {
        private let ada = Account.ID("ada").name

        private func snapshot(
            _ version: Int64, at position: Int64? = nil, stateVersion: Int = 1, state: String = "{}"
        ) -> StoredSnapshot {
            StoredSnapshot(
                stream: ada, stateVersion: stateVersion, version: StreamVersion(rawValue: version),
                position: GlobalPosition(rawValue: position ?? version + 1), state: Array(state.utf8))
        }

        /// The snapshot's version, and those of the events that came with it.
        private func read(
            _ store: EventStore, stateVersion: Int = 1, asOf: AsOf? = nil, limit: Int = 1000
        ) async throws -> [Int64] {
            let page = try await store.storage.readSnapshot(
                of: ada, stateVersion: stateVersion, asOf: asOf, limit: limit)
            return [page.snapshot?.version.rawValue ?? 0] + page.events.map(\.version.rawValue)
        }

        /// Five events of one stream at the positions 2 to 6.
        private func withFiveEvents(_ kind: StoreKind, _ body: (EventStore) async throws -> Void) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 1)
                try await store.fill("ada", 5)
                try await body(store)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a snapshot comes with the events that follow it`(kind: StoreKind) async throws {
            try await withFiveEvents(kind) { store async throws in
                #expect(try await read(store) == [0, 1, 2, 3, 4, 5])
                #expect(try await read(store, limit: 2) == [0, 1, 2])
                try await store.storage.writeSnapshots([snapshot(3, state: #"{"balance":3}"#)])
                #expect(try await read(store) == [3, 4, 5])
                #expect(try await read(store, limit: 1) == [3, 4])
                #expect(try await read(store, stateVersion: 2) == [0, 1, 2, 3, 4, 5])
                let page = try await store.storage.readSnapshot(of: ada, stateVersion: 1, asOf: nil, limit: 9)
                #expect(page.snapshot?.state == Array(#"{"balance":3}"#.utf8))
                #expect(page.snapshot?.position == 4)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a snapshot counts only for moments at which it was true`(kind: StoreKind) async throws {
            try await withFiveEvents(kind) { store async throws in
                try await store.storage.writeSnapshots([snapshot(3)])
                #expect(try await read(store, asOf: .version(2)) == [0, 1, 2])
                #expect(try await read(store, asOf: .version(4)) == [3, 4])
                #expect(try await read(store, asOf: .position(3)) == [0, 1, 2])
                #expect(try await read(store, asOf: .position(4)) == [3])
                #expect(try await read(store, asOf: .date(.distantPast)) == [0])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `what is kept moves forward only`(kind: StoreKind) async throws {
            try await withFiveEvents(kind) { store async throws in
                try await store.storage.writeSnapshots([snapshot(3)])
                try await store.storage.writeSnapshots([snapshot(2)])
                #expect(try await read(store) == [3, 4, 5])
                try await store.storage.writeSnapshots([snapshot(4)])
                #expect(try await read(store) == [4, 5])
                try await store.storage.writeSnapshots([snapshot(2, stateVersion: 2)])
                #expect(try await read(store, stateVersion: 2) == [2, 3, 4, 5])
                try await store.storage.writeSnapshots([snapshot(5)])
                #expect(try await read(store, stateVersion: 2) == [2, 3, 4, 5])
                #expect(try await read(store) == [0, 1, 2, 3, 4, 5])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a snapshot of an event that is not there counts for nothing and gives way`(kind: StoreKind) async throws {
            try await withFiveEvents(kind) { store async throws in
                for lost in [snapshot(9), snapshot(4, at: 99)] {
                    try await store.storage.writeSnapshots([lost])
                    #expect(try await read(store) == [0, 1, 2, 3, 4, 5])
                }
                try await store.storage.writeSnapshots([snapshot(2)])
                #expect(try await read(store) == [2, 3, 4, 5])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a snapshot of an archived stream is one still`(kind: StoreKind) async throws {
            try await withFiveEvents(kind) { store async throws in
                try await store.storage.writeSnapshots([snapshot(3)])
                try await store.close(Account.ID("ada"), expecting: .any)
                try await store.fill("bob", 1)
                #expect(try await store.archive(Account.ID("ada")) == 5)
                #expect(try await read(store) == [3, 4, 5])
            }
        }
    }
}
