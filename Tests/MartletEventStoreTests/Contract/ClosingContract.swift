import Martlet
import Testing

extension StoreContract {
    struct Closing {
        @Test(arguments: StoreKind.allCases)
        func `a closed stream is read as ever and takes no more events`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 2)
                #expect(try await store.close(Account.ID("ada"), expecting: .exactly(2)) == 2)
                for expected in [ExpectedVersion.any, .exists, .noStream, .exactly(2), .exactly(1)] {
                    let refusal = try await failure { try await store.fill("ada", 1, expecting: expected) }
                    guard case .closed(Account.ID("ada").name, at: 2) = refusal else { throw UnexpectedError(refusal) }
                }
                #expect(try await store.events(of: "ada").map(\.version) == [1, 2])
                #expect(try await store.fill("bob", 1) == Receipt(version: 1, position: 3))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a command on a closed stream fails unless it was answered before`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let first = try await store.execute(.receive(cents: 1), on: Account.ID("ada"), as: "pay-1")
                try await store.close(Account.ID("ada"), expecting: .any)
                let again = try await store.execute(.receive(cents: 1), on: Account.ID("ada"), as: "pay-1")
                #expect(again == Receipt(version: 1, position: first.position, isRepeated: true))
                let refusals = [
                    await #expect(throws: ExecuteError<Account.Rejection>.self) {
                        try await store.execute(.receive(cents: 1), on: Account.ID("ada"), as: "pay-2")
                    },
                    await #expect(throws: ExecuteError<Account.Rejection>.self) {
                        try await store.execute(.receive(cents: 1), on: Account.ID("ada"))
                    },
                ]
                for refusal in refusals {
                    guard case .failed(.closed(Account.ID("ada").name, at: 1))? = refusal else {
                        throw UnexpectedError(refusal)
                    }
                }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a command that causes nothing is answered on a closed stream too`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.execute(.put(["tea": 1]), on: Basket.ID("1"))
                try await store.close(Basket.ID("1"), expecting: .any)
                try await store.close(Basket.ID("2"), expecting: .any)
                #expect(try await store.execute(.look, on: Basket.ID("1")).version == 1)
                #expect(try await store.execute(.look, on: Basket.ID("1"), as: "look-1").version == 1)
                #expect(try await store.execute(.look, on: Basket.ID("1"), as: "look-1").isRepeated)
                for _ in 0..<2 {
                    let error = await #expect(throws: ExecuteError<Basket.Rejection>.self) {
                        try await store.execute(.order, on: Basket.ID("2"), as: "order-2")
                    }
                    guard case .rejected(.empty(looks: 0))? = error else { throw UnexpectedError(error) }
                }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a closed stream keeps out all that comes with it`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 3)
                try await store.close(Account.ID("bob"), expecting: .any)
                let refusal = try await failure {
                    try await store.append([
                        StreamAppend([.received(cents: 1)], to: Account.ID("ada"), expecting: .exactly(9)),
                        StreamAppend([.received(cents: 1)], to: Account.ID("bob"), expecting: .exactly(3)),
                        StreamAppend([.received(cents: 1)], to: Account.ID("eve"), expecting: .any),
                    ])
                }
                // Closed comes before a conflict: no other version would help.
                guard case .closed(Account.ID("bob").name, at: 3) = refusal else { throw UnexpectedError(refusal) }
                #expect(try await store.head() == 3)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a stream is closed only as expected, and once closed it stays so`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 2)
                for expected in [ExpectedVersion.noStream, .exactly(1), .exactly(3), .exactly(-1)] {
                    let found = try await conflict { try await store.close(Account.ID("ada"), expecting: expected) }
                    #expect(found == VersionConflict(stream: Account.ID("ada").name, expected: expected, actual: 2))
                }
                #expect(try await store.fill("ada", 1) == Receipt(version: 3, position: 3))
                #expect(try await store.close(Account.ID("ada"), expecting: .exists) == 3)
                #expect(try await store.close(Account.ID("ada"), expecting: .noStream) == 3)
                #expect(try await store.close(Account.ID("ada"), expecting: .exactly(1)) == 3)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a stream can be closed before its first event`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let found = try await conflict { try await store.close(Account.ID("ada"), expecting: .exists) }
                #expect(found.actual == .none)
                #expect(try await store.close(Account.ID("ada"), expecting: .noStream) == .none)
                let refusal = try await failure { try await store.fill("ada", 1, expecting: .noStream) }
                guard case .closed(_, at: .none) = refusal else { throw UnexpectedError(refusal) }
                #expect(try await store.archive(Account.ID("ada")) == 0)
                #expect(try await store.events(of: "ada").isEmpty)
                #expect(try await store.head() == .start)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `of appends and a close at once those before it count`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                async let closed = store.close(Account.ID("ada"), expecting: .any)
                let written = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<32 {
                        group.addTask {
                            do throws(AppendError) {
                                try await store.append([.received(cents: 1)], to: Account.ID("ada"), expecting: .any)
                                return 1
                            } catch {
                                guard case .failed(.closed) = error else { throw error }
                                return 0
                            }
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(try await closed.rawValue == Int64(written))
                #expect(try await store.events(of: "ada").count == written)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `an open stream is not archived`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 1)
                for id in [Account.ID("ada"), "nobody"] {
                    let error = await #expect(throws: EventStoreError.self) { try await store.archive(id) }
                    guard case .notClosed(id.name)? = error else { throw UnexpectedError(error) }
                }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `archived events stay where they are for whoever reads`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                for _ in 0..<3 {
                    try await store.fill("ada", 1)
                    try await store.fill("bob", 1)
                }
                let before = try await store.log()
                try await store.close(Account.ID("ada"), expecting: .exactly(3))
                #expect(try await store.archive(Account.ID("ada")) == 3)
                #expect(try await store.archive(Account.ID("ada")) == 0)
                let after = try await store.log()
                #expect(after.map(\.id) == before.map(\.id))
                #expect(after.map(\.position.rawValue) == Array(1...6))
                #expect(try await store.events(of: "ada").map(\.version) == [1, 2, 3])
                #expect(try await store.load(Account.ID("ada")).receipt == Receipt(version: 3, position: 5))
                #expect(try await store.fill("bob", 1) == Receipt(version: 4, position: 7))
                let refusal = try await failure { try await store.fill("ada", 1) }
                guard case .closed(_, at: 3) = refusal else { throw UnexpectedError(refusal) }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `the log's last event is archived only when another follows`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 3)
                try await store.close(Account.ID("ada"), expecting: .any)
                #expect(try await store.archive(Account.ID("ada")) == 2)
                #expect(try await store.head() == 3)
                #expect(try await store.archive(Account.ID("ada")) == 0)
                #expect(try await store.fill("bob", 1) == Receipt(version: 1, position: 4))
                #expect(try await store.archive(Account.ID("ada")) == 1)
                #expect(try await store.log().map(\.position) == [1, 2, 3, 4])
                #expect(try await store.events(of: "ada").map(\.version) == [1, 2, 3])
                #expect(try await store.head() == 4)
            }
        }
    }
}
