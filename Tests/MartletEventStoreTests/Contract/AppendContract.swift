import Foundation
import Martlet
import Testing

extension StoreContract {
    struct Appends {
        @Test(arguments: StoreKind.allCases)
        func `positions and versions follow one another in the order of the appends`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                #expect(try await store.head() == .start)
                #expect(try await store.fill("ada", 2) == Receipt(version: 2, position: 2))
                #expect(try await store.fill("bob", 1) == Receipt(version: 1, position: 3))
                #expect(try await store.fill("ada", 1) == Receipt(version: 3, position: 4))
                #expect(try await store.head() == 4)
                let log = try await store.log()
                #expect(log.map(\.position) == [1, 2, 3, 4])
                #expect(log.map(\.version) == [1, 2, 1, 3])
                #expect(log.map(\.stream.key) == ["ada", "ada", "bob", "ada"])
                #expect(Set(log.map(\.id)).count == 4)
                #expect(zip(log, log.dropFirst()).allSatisfy { $0.recordedAt <= $1.recordedAt })
                #expect(log.allSatisfy { abs($0.recordedAt.timeIntervalSinceNow) < 600 })
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `events come back as they were appended`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let events: [Account.Event] = [.received(cents: .min), .sent(cents: 200, to: "bøb \u{1F600}\"\\\u{0}")]
                try await store.append(events, to: Account.ID("ada"), expecting: .noStream)
                let found = try await store.events(of: "ada")
                #expect(found.map(\.event) == events)
                #expect(found.allSatisfy { $0.stream == "ada" && $0.metadata == .none })
                let log = try await store.log()
                #expect(log.map(\.type) == ["account.received", "account.sent"])
                #expect(log.map(\.typeVersion) == [1, 1])
                #expect(log[0].payload == Array(#"{"cents":-9223372036854775808}"#.utf8))
                #expect(log[0].metadata == Array("{}".utf8))
                #expect(log.map(\.id) == found.map(\.id))
                #expect(log.map(\.recordedAt) == found.map(\.recordedAt))
            }
        }

        /// Swift's own `==` takes the last two for the same.
        private static let keys = [
            "o'brien", "a-b-c", "-", "%s$1", "日本", "x\ny", "a\r\nb", "\u{301}x", "\"; DROP TABLE events; --", " ",
            String(repeating: "x", count: 492), "caf\u{E9}", "cafe\u{301}",
        ]

        @Test(arguments: StoreKind.allCases)
        func `keys of whatever bytes name streams of their own`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                for (index, key) in Self.keys.enumerated() {
                    try await store.append(
                        [.received(cents: index)], to: Account.ID(key), expecting: .noStream)
                }
                for (index, key) in Self.keys.enumerated() {
                    let found = try await store.events(of: Account.ID(key))
                    #expect(found.map(\.event) == [.received(cents: index)])
                    #expect(found.map(\.stream) == [Account.ID(key)])
                }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `aggregates whose keys are the same to Unicode have states of their own`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let (rich, poor) = (Account.ID("caf\u{E9}"), Account.ID("cafe\u{301}"))
                try await store.execute(.receive(cents: 100), on: rich)
                try await store.execute(.receive(cents: 1), on: poor)
                let error = await #expect(throws: ExecuteError<Account.Rejection>.self) {
                    try await store.execute(.send(cents: 50, to: "bob"), on: poor)
                }
                guard case .rejected(.insufficientFunds(shortBy: 49))? = error else { throw UnexpectedError(error) }
                try await store.execute(.send(cents: 50, to: "bob"), on: rich)
                #expect(try await store.load(rich).state.balance == 50)
                #expect(try await store.load(poor).state.balance == 1)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `two names that are the same to Unicode go together in one append`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let receipts = try await store.append([
                    StreamAppend([.received(cents: 1)], to: Account.ID("caf\u{E9}"), expecting: .noStream),
                    StreamAppend([.received(cents: 2)], to: Account.ID("cafe\u{301}"), expecting: .noStream),
                ])
                #expect(receipts.map(\.version) == [1, 1])
            }
        }

        @Test(
            arguments: StoreKind.allCases,
            [
                ("", "expected a key, found an empty one"), ("a\u{0}b", "expected no NUL character in the name"),
                (String(repeating: "x", count: 493), "expected a name of at most 500 bytes, found 501"),
            ])
        func `a key that cannot be stored is refused by whatever takes an id`(
            kind: StoreKind, flawed: (key: String, flaw: String)
        ) async throws {
            try await kind.withStore { store async throws in
                let id = Account.ID(flawed.key)
                let refusals = [
                    try await failure { try await store.fill(id, 1) },
                    try await failure { try await store.close(id, expecting: .any) },
                    await #expect(throws: EventStoreError.self) { try await store.archive(id) },
                    await #expect(throws: EventStoreError.self) { try await store.events(of: id) },
                    await #expect(throws: EventStoreError.self) { try await store.load(id) },
                ]
                for refusal in refusals {
                    guard case .invalidStream(let name, let flaw) = refusal else { throw UnexpectedError(refusal) }
                    #expect(name == id.name)
                    #expect(flaw == flawed.flaw)
                }
                #expect(try await store.head() == .start)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a category with a hyphen is refused`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let refusal = try await failure {
                    try await store.append([.shown(level: 1)], to: Hyphenated.ID("1"), expecting: .any)
                }
                guard case .invalidStream(_, "expected a category without a hyphen, found \"water-gauge\"") = refusal
                else { throw UnexpectedError(refusal) }
            }
        }

        @Test(arguments: StoreKind.allCases, [Double.nan, .infinity, -.infinity])
        func `an event that JSON cannot hold is refused, and all that came with it`(
            kind: StoreKind, level: Double
        ) async throws {
            try await kind.withStore { store async throws in
                let refusal = try await failure {
                    try await store.append([
                        StreamAppend([.received(cents: 1)], to: Account.ID("ada"), expecting: .any),
                        StreamAppend([.shown(level: 1), .shown(level: level)], to: Gauge.ID("1"), expecting: .any),
                    ])
                }
                guard case .unencodable(let name, _) = refusal else { throw UnexpectedError(refusal) }
                #expect(name == Gauge.ID("1").name)
                #expect(try await store.head() == .start)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `an append without events is refused`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let refusal = try await failure {
                    try await store.append([], to: Account.ID("ada"), expecting: .any)
                }
                #expect(
                    refusal.description == "stream \"account-ada\": expected at least one event to append, found none")
                let none = try await failure { try await store.append([]) }
                #expect(none.description == "expected at least one stream to append to, found none")
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `one caller's appends to a stream stand in the order of the calls`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                // Each waits for the one before, while others keep the log busy.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for caller in 0..<8 {
                        group.addTask {
                            for number in 0..<25 {
                                try await store.append(
                                    [.received(cents: number)], to: Account.ID("\(caller)"), expecting: .any)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                for caller in 0..<8 {
                    let found = try await store.events(of: Account.ID("\(caller)"))
                    #expect(found.map(\.event) == (0..<25).map { .received(cents: $0) })
                }
                #expect(try await store.log().map(\.position.rawValue) == Array(1...200))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `an append of a cancelled task is not written`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let ending = await withTaskGroup(of: Result<Receipt, any Error>.self) { group in
                    group.cancelAll()
                    group.addTask {
                        do { return .success(try await store.fill("ada", 1)) } catch { return .failure(error) }
                    }
                    return await group.next()
                }
                guard case .failure(AppendError.failed(.cancelled))? = ending else {
                    throw UnexpectedError(nil)
                }
                #expect(try await store.head() == .start)
            }
        }
    }
}

/// Something that is measured.
struct Gauge: Aggregate {
    static let category = "gauge"

    enum Event: EventPayload, Equatable { case shown(level: Double) }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

private struct Hyphenated: Aggregate {
    static let category = "water-gauge"

    func decide(_ command: Gauge.Event) -> [Gauge.Event] { [command] }
    mutating func apply(_ event: Gauge.Event) {}
}
