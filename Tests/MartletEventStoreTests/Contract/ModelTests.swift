import Martlet
import Testing

extension StoreContract {
    /// Random operations come to the same on PostgreSQL as in memory, where what ought to happen is plain to see.
    struct Model {
        @Test(arguments: [StoreKind.postgres, .inline], 1...6)
        func `one operation after the other comes to the same on both`(kind: StoreKind, seed: UInt64) async throws {
            try await kind.withStore { postgres async throws in
                try await StoreKind.inMemory.withStore { memory async throws in
                    var random = SplitMix64(seed: seed)
                    for number in 1...300 {
                        let operation = StoreOperation.random(using: &random)
                        let (found, expected) = (
                            try await postgres.outcome(of: operation), try await memory.outcome(of: operation)
                        )
                        try #require(found == expected, "operation \(number): \(operation)")
                    }
                    let (found, expected) = (try await postgres.log(), try await memory.log())
                    #expect(found.count > 50)
                    #expect(found.map(\.words) == expected.map(\.words))
                }
            }
        }

        /// Each of 12 callers has streams and commands of its own, so that only the positions depend on the others;
        /// their appends go to PostgreSQL in common batches, where some of them are refused.
        @Test(arguments: [StoreKind.postgres, .inline], 1...3)
        func `operations of several callers at once come to the same on both`(
            kind: StoreKind, seed: UInt64
        ) async throws {
            try await kind.withStore { postgres async throws in
                let receipts = try await withThrowingTaskGroup(of: [String: [Receipt]].self) { group in
                    for caller in 0..<12 {
                        group.addTask { try await run(postgres, seed: seed * 100 + UInt64(caller), as: "\(caller)") }
                    }
                    return try await group.reduce(into: [:]) { all, own in all.merge(own) { one, _ in one } }
                }
                let log = try await postgres.log()
                #expect(log.map(\.position.rawValue) == (0..<log.count).map { Int64($0) + 1 })
                #expect(receipts.count == 12)
                // Every single append stands where its receipt says.
                for (caller, own) in receipts {
                    for receipt in own {
                        let event = log[Int(receipt.position.rawValue) - 1]
                        #expect(event.version == receipt.version)
                        #expect(event.stream.key.hasPrefix(caller + ":"))
                    }
                }
            }
        }

        /// Compares a caller's operations with a memory of its own, and returns the receipts of what went to one stream.
        @Sendable private func run(
            _ postgres: EventStore, seed: UInt64, as caller: String
        ) async throws -> [String: [Receipt]] {
            try await StoreKind.inMemory.withStore { memory async throws in
                var random = SplitMix64(seed: seed)
                var receipts: [Receipt] = []
                var number = 0
                while number < 150 {
                    let operation = StoreOperation.random(using: &random)
                    guard operation.dependsOnItsCallerOnly else { continue }
                    number += 1
                    let found = try await postgres.outcome(of: operation, prefix: caller + ":")
                    let expected = try await memory.outcome(of: operation, prefix: caller + ":")
                    try #require(found.alone == expected.alone, "operation \(number): \(operation)")
                    if found.receipts.count == 1, found.words != "balance 0" { receipts += found.receipts }
                }
                return [caller: receipts]
            }
        }
    }
}

extension StoreOperation {
    /// What can be archived depends on the log's last event, and what can be forgotten on all commands.
    fileprivate var dependsOnItsCallerOnly: Bool {
        switch self {
        case .archive, .forget: false
        case .append, .execute, .close, .load: true
        }
    }
}

extension StoredEvent {
    fileprivate var words: String {
        "\(position) \(stream)@\(version) \(type) \(String(decoding: payload, as: UTF8.self))"
    }
}
