import Martlet
import Testing

extension StoreContract {
    struct Expectations {
        @Test(
            arguments: StoreKind.allCases,
            [
                (ExpectedVersion.any, 0, true), (.any, 2, true),
                (.noStream, 0, true), (.noStream, 2, false),
                (.exists, 0, false), (.exists, 2, true),
                (.exactly(0), 0, true), (.exactly(2), 2, true), (.exactly(1), 2, false), (.exactly(3), 2, false),
                (.exactly(2), 0, false), (.exactly(-1), 0, false), (.exactly(-1), 2, false), (.exactly(-2), 2, false),
                (.exactly(StreamVersion(rawValue: .min)), 0, false),
                (.exactly(StreamVersion(rawValue: .max)), 2, false),
            ])
        func `each one holds or is a conflict with what was found`(
            kind: StoreKind, expectation: (expected: ExpectedVersion, present: Int, holds: Bool)
        ) async throws {
            let (expected, present, holds) = expectation
            try await kind.withStore { store async throws in
                let id = Account.ID("ada")
                if present > 0 { try await store.fill(id, present, expecting: .noStream) }
                if holds {
                    let receipt = try await store.fill(id, 1, expecting: expected)
                    let end = Int64(present) + 1
                    #expect(receipt == Receipt(version: StreamVersion(rawValue: end), position: .init(rawValue: end)))
                } else {
                    let conflict = try await conflict { try await store.fill(id, 1, expecting: expected) }
                    #expect(conflict.stream == id.name)
                    #expect(conflict.expected == expected)
                    #expect(conflict.actual.rawValue == Int64(present))
                }
                #expect(try await store.head().rawValue == Int64(present) + (holds ? 1 : 0))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a conflict names the stream, what was expected and what was found`(kind: StoreKind) async throws {
            try await kind.withStore { store in
                try await store.fill("42", 1)
                let conflict = try await conflict { try await store.fill("42", 1, expecting: .exactly(3)) }
                #expect(conflict.description == "stream \"account-42\": expected version 3, found version 1")
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `of 64 that append at the same version one wins each and the others see what it left`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                for version in Int64(0)..<4 {
                    let expected = ExpectedVersion.exactly(StreamVersion(rawValue: version))
                    let endings = await race(64, on: store, to: "ada", expecting: expected)
                    let next = StreamVersion(rawValue: version + 1)
                    let won = endings.compactMap { if case .success(let receipt) = $0 { receipt.version } else { nil } }
                    #expect(won == [next])
                    let lost = endings.compactMap {
                        if case .failure(let error) = $0 { error.description } else { nil }
                    }
                    let conflict = VersionConflict(stream: Account.ID("ada").name, expected: expected, actual: next)
                    #expect(lost == Array(repeating: conflict.description, count: 63))
                }
                #expect(try await store.head() == 4)
            }
        }

        private func race(
            _ count: Int, on store: EventStore, to id: Account.ID, expecting expected: ExpectedVersion
        ) async -> [Result<Receipt, AppendError>] {
            await withTaskGroup(of: Result<Receipt, AppendError>.self) { group in
                for number in 0..<count {
                    group.addTask {
                        do throws(AppendError) {
                            return .success(
                                try await store.append([.received(cents: number)], to: id, expecting: expected))
                        } catch { return .failure(error) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
    }
}
