import Martlet
import Testing

extension StoreContract {
    struct Units {
        @Test(arguments: StoreKind.allCases)
        func `events for several streams stand side by side, in the order of the appends`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 3)
                let receipts = try await store.append([
                    StreamAppend(
                        [.received(cents: 1), .received(cents: 2)], to: Account.ID("ada"), expecting: .noStream),
                    StreamAppend([.shown(level: 0.5)], to: Gauge.ID("ada"), expecting: .any),
                    StreamAppend([.received(cents: 3)], to: Account.ID("bob"), expecting: .exactly(3)),
                ])
                #expect(
                    receipts == [
                        Receipt(version: 2, position: 7), Receipt(version: 1, position: 7),
                        Receipt(version: 4, position: 7),
                    ])
                let log = try await store.log(after: 3)
                #expect(log.map(\.position) == [4, 5, 6, 7])
                #expect(log.map(\.stream.description) == ["account-ada", "account-ada", "gauge-ada", "account-bob"])
                #expect(log.map(\.version) == [1, 2, 1, 4])
                #expect(Set(log.map(\.recordedAt)).count == 1)
            }
        }

        @Test(arguments: StoreKind.allCases, [0, 1, 2])
        func `one stream that is not as expected keeps all out, and is named`(
            kind: StoreKind, wrong: Int
        ) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 1)
                let keys = ["ada", "eve", "kim"]
                let appends = keys.enumerated().map { index, key in
                    StreamAppend(
                        [.received(cents: 1)], to: Account.ID(key), expecting: index == wrong ? .exactly(5) : .noStream)
                }
                let found = try await conflict { try await store.append(appends) }
                #expect(found.stream == Account.ID(keys[wrong]).name)
                #expect(found.expected == .exactly(5))
                #expect(found.actual == .none)
                #expect(try await store.head() == 1)
                for key in keys { #expect(try await store.load(Account.ID(key)).receipt.version == .none) }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `of several that are not as expected the first is named`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let found = try await conflict {
                    try await store.append(
                        ["ada", "bob", "eve"].map {
                            StreamAppend(
                                [.received(cents: 1)], to: Account.ID($0), expecting: $0 == "ada" ? .any : .exists)
                        })
                }
                #expect(found.stream == Account.ID("bob").name)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a stream that is named twice is refused`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let one = StreamAppend([.received(cents: 1)], to: Account.ID("ada"), expecting: .any)
                let refusal = try await failure { try await store.append([one, one]) }
                guard case .streamNamedTwice(Account.ID("ada").name) = refusal else { throw UnexpectedError(refusal) }
                #expect(try await store.head() == .start)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `one append without events keeps all out`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let refusal = try await failure {
                    try await store.append([
                        StreamAppend([.received(cents: 1)], to: Account.ID("ada"), expecting: .any),
                        StreamAppend([], to: Account.ID("bob"), expecting: .any),
                    ])
                }
                guard case .nothingToAppend(Account.ID("bob").name?) = refusal else { throw UnexpectedError(refusal) }
                #expect(try await store.head() == .start)
            }
        }

        /// Each moves a cent from one of four accounts to another, at the versions that it has read.
        @Test(arguments: StoreKind.allCases)
        func `units at once over the same streams come whole or not at all`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let committed = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<48 {
                        group.addTask { try await move(from: number % 4, to: (number + 1 + number / 16) % 4, store) }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(committed > 0)
                let log = try await store.log()
                #expect(log.map(\.position.rawValue) == (0..<(2 * committed)).map { Int64($0) + 1 })
                for pair in stride(from: 0, to: log.count, by: 2) {
                    #expect(log[pair].type == "account.sent")
                    #expect(log[pair + 1].type == "account.received")
                }
                var balance = 0
                for key in 0..<4 { balance += try await store.load(Account.ID("\(key)")).state.balance }
                #expect(balance == 0)
            }
        }

        @Sendable private func move(from source: Int, to target: Int, _ store: EventStore) async throws -> Bool {
            let (from, to) = (Account.ID("\(source)"), Account.ID("\(target)"))
            let (there, here) = (try await store.load(from), try await store.load(to))
            do throws(AppendError) {
                try await store.append([
                    StreamAppend([.sent(cents: 1, to: to)], to: from, expecting: .exactly(there.receipt.version)),
                    StreamAppend([.received(cents: 1)], to: to, expecting: .exactly(here.receipt.version)),
                ])
                return true
            } catch {
                guard case .conflict = error else { throw error }
                return false
            }
        }
    }
}
