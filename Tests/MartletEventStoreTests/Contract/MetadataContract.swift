import Martlet
import Testing

extension StoreContract {
    struct MetadataOfEvents {
        @Test(arguments: StoreKind.allCases, [["a": "x\u{0}"], ["a\u{0}": "x"]] as [Metadata])
        func `a NUL, which SQL could not read, is refused`(kind: StoreKind, metadata: Metadata) async throws {
            try await kind.withStore { store async throws in
                let failure = try await failure {
                    try await store.append(
                        [.received(cents: 1)], to: Account.ID("ada"), expecting: .any, metadata: metadata)
                }
                #expect(failure.description.contains("expected no NUL character"))
                #expect(try await store.head() == 0)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `what an append says itself comes before what its task carries`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await Metadata.$ambient.withValue(["actor": "teller", "office": "Lyon"]) {
                    try await store.append(
                        [.received(cents: 1)], to: Account.ID("ada"), expecting: .any,
                        metadata: ["actor": "ada", "note": "\"ü\""])
                    try await store.fill("ada", 1)
                    try await store.execute(.receive(cents: 1), on: Account.ID("ada"), metadata: ["office": "Bonn"])
                }
                try await store.fill("ada", 1)
                #expect(
                    try await store.events(of: "ada").map(\.metadata) == [
                        ["actor": "ada", "note": "\"ü\"", "office": "Lyon"], ["actor": "teller", "office": "Lyon"],
                        ["actor": "teller", "office": "Bonn"], .none,
                    ])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `each stream's events in one append carry its own`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.append([
                    StreamAppend(
                        [.received(cents: 1), .received(cents: 2)], to: Account.ID("ada"), expecting: .any,
                        metadata: ["actor": "ada"]),
                    StreamAppend([.received(cents: 1)], to: Account.ID("bob"), expecting: .any),
                ])
                #expect(try await store.events(of: "ada").map(\.metadata.actor) == ["ada", "ada"])
                #expect(try await store.events(of: "bob").map(\.metadata) == [.none])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a command with an id is the cause of its events, unless they say otherwise`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                let ada = Account.ID("ada")
                try await store.execute(.receive(cents: 1), on: ada, as: "pay-1")
                try await store.execute(.receive(cents: 1), on: ada, as: "pay-2", metadata: ["correlation": "order-7"])
                try await Metadata.$ambient.withValue(["correlation": "ambient", "causation": "event-3"]) {
                    try await store.execute(.receive(cents: 1), on: ada, as: "pay-3")
                }
                let found = try await store.events(of: "ada").map(\.metadata)
                #expect(found.map(\.causationID) == ["pay-1", "pay-2", "event-3"])
                #expect(found.map(\.correlationID) == ["pay-1", "order-7", "ambient"])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a consequence names its cause and what the two have in common`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let trace = TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                var metadata: Metadata = ["actor": "ada", "private": "no"]
                metadata.traceparent = trace
                try await store.append(
                    [.received(cents: 1)], to: Account.ID("ada"), expecting: .any, metadata: metadata)
                let first = try await store.events(of: "ada")[0]
                try await store.append(
                    [.received(cents: 1)], to: Account.ID("bob"), expecting: .any, metadata: first.consequence)
                let second = try await store.events(of: "bob")[0]
                try await store.append(
                    [.received(cents: 1)], to: Account.ID("eve"), expecting: .any, metadata: second.consequence)
                let third = try await store.events(of: "eve")[0]

                let (root, cause) = (first.id.uuidString.lowercased(), second.id.uuidString.lowercased())
                #expect(second.metadata.correlationID == root)
                #expect(second.metadata.causationID == root)
                #expect(third.metadata.correlationID == root)
                #expect(third.metadata.causationID == cause)
                #expect(third.metadata.traceparent == trace)
                #expect(third.metadata.actor == "ada")
                #expect(third.metadata["private"] == nil)
            }
        }
    }
}
