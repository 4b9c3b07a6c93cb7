import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

@Suite(.tags(.database)) struct CacheTests {
    /// Two processes' worth of stores on one log, with what the first one asks of it.
    private func withTwoStores(
        _ body: (_ store: EventStore, _ other: EventStore, _ storage: CountingStorage) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.withApplication { application in
            let storage = CountingStorage(application.store.storage)
            try await body(EventStore(storage), EventStore(application.pool), storage)
        }
    }

    private let ada = Account.ID("ada")

    @Test func `commands on a hot aggregate read nothing`() async throws {
        try await withTwoStores { store, _, storage in
            try await store.execute(.receive(cents: 100), on: ada)
            let counts = try await storage.counting {
                for _ in 0..<20 { try await store.execute(.send(cents: 5, to: "bob"), on: ada) }
            }
            #expect(counts == CountingStorage.Counts(appends: 20))
            #expect(store.cacheStatus.hits == 20)
            #expect(try await store.load(ada).state.balance == 0)
        }
    }

    @Test func `a refusal is never said of a state that others have moved on`() async throws {
        try await withTwoStores { store, other, storage in
            try await store.execute(.receive(cents: 10), on: ada)
            try await store.execute(.send(cents: 10, to: "bob"), on: ada)
            try await other.execute(.receive(cents: 50), on: ada)
            let counts = try await storage.counting { try await store.execute(.send(cents: 50, to: "bob"), on: ada) }
            // Its own last event and the other's, and nothing before them.
            #expect(counts == CountingStorage.Counts(streamReads: 1, events: 2, appends: 1))
        }
    }

    @Test func `a refusal that still holds costs one look at what came after`() async throws {
        try await withTwoStores { store, _, storage in
            for _ in 0..<9 { try await store.execute(.receive(cents: 1), on: ada) }
            let counts = await storage.counting {
                let error = await #expect(throws: ExecuteError<Account.Rejection>.self) {
                    try await store.execute(.send(cents: 10, to: "bob"), on: ada)
                }
                guard case .rejected(.insufficientFunds(shortBy: 1)) = error else {
                    Issue.record("expected a rejection, found \(String(describing: error))")
                    return
                }
            }
            #expect(counts == CountingStorage.Counts(streamReads: 1, events: 1))
        }
    }

    @Test func `that there is nothing to do is never said of a state that others have moved on`() async throws {
        try await withTwoStores { store, other, _ in
            let id = Tally<EveryTen>.ID("a")
            try await store.execute(.raise(to: 5), on: id)
            try await other.execute(.reset, on: id)
            #expect(try await store.execute(.raise(to: 5), on: id).version == 3)
            #expect(try await other.load(id).state.sum == 5)
        }
    }

    @Test func `a command with an id is refused, and told so for ever, only on the current state`() async throws {
        try await withTwoStores { store, other, storage in
            let id = Tally<EveryTen>.ID("a")
            try await store.execute(.add(1), on: id, as: "first")
            try await other.execute(.add(9), on: id)
            #expect(try await store.execute(.require(10), on: id, as: "second").version == 2)
            // Looks once more whether it is alone.
            try await store.execute(.require(1), on: id)
            let counts = await storage.counting {
                let error = await #expect(throws: ExecuteError<Tally<EveryTen>.TooSmall>.self) {
                    try await store.execute(.require(11), on: id, as: "third")
                }
                guard case .rejected(let rejection) = error else {
                    Issue.record("expected a rejection, found \(String(describing: error))")
                    return
                }
                #expect(rejection == Tally<EveryTen>.TooSmall(sum: 10))
            }
            #expect(counts == CountingStorage.Counts(appends: 1))
            #expect(try await store.execute(.add(1), on: id, as: "first").isRepeated)
        }
    }

    @Test func `two stores that work on one account at the same time lose no cent`() async throws {
        try await withTwoStores { store, other, _ in
            try await store.execute(.receive(cents: 2000), on: ada)
            let sent = try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<8 {
                    group.addTask { try await work(worker, on: worker.isMultiple(of: 2) ? store : other) }
                }
                return try await group.reduce(0, +)
            }
            #expect(sent > 0)
            let fresh = EventStore(store.storage, cache: .off)
            for each in [store, other, fresh] {
                let loaded = try await each.load(ada)
                #expect(loaded.state.balance == 2000 + 8 * 15 * 2 - sent)
                #expect(loaded.receipt.version.rawValue == 1 + 8 * 30)
            }
        }
    }

    /// Receives 2 cents and sends some, 15 times each; says how many it sent.
    @Sendable private func work(_ worker: Int, on store: EventStore) async throws -> Int {
        var sent = 0
        for round in 0..<15 {
            try await untilFirst { try await store.execute(.receive(cents: 2), on: ada) }
            try await untilFirst { try await store.execute(.send(cents: worker + round, to: "bob"), on: ada) }
            sent += worker + round
        }
        return sent
    }

    /// Tries again when others were always faster.
    @Sendable private func untilFirst(_ body: () async throws -> Receipt) async throws {
        while true {
            do {
                _ = try await body()
                return
            } catch let error as ExecuteError<Account.Rejection> {
                guard case .conflict = error else { throw error }
            }
        }
    }

    @Test func `where two take turns each looks first, and once it is alone again it reads no more`() async throws {
        try await withTwoStores { store, other, storage in
            for each in [store, other, store, other] { try await each.execute(.receive(cents: 1), on: ada) }
            let turns = try await storage.counting {
                for each in [store, other, store, other] { try await each.execute(.receive(cents: 1), on: ada) }
            }
            // Its own last event and the other's, each time; no append is in vain.
            #expect(turns == CountingStorage.Counts(streamReads: 2, events: 4, appends: 2))
            let alone = try await storage.counting {
                for _ in 0..<10 { try await store.execute(.receive(cents: 1), on: ada) }
            }
            #expect(alone == CountingStorage.Counts(streamReads: 2, events: 3, appends: 10))
        }
    }

    @Test func `a loaded aggregate is the current one, and only what is new of it is read`() async throws {
        try await withTwoStores { store, other, storage in
            for _ in 0..<5 { try await store.execute(.receive(cents: 1), on: ada) }
            for _ in 0..<2 { try await other.execute(.receive(cents: 1), on: ada) }
            var loaded: Loaded<Account>?
            let counts = try await storage.counting { loaded = try await store.load(ada) }
            #expect(loaded?.state.balance == 7)
            #expect(loaded?.receipt == Receipt(version: 7, position: 7))
            #expect(counts == CountingStorage.Counts(streamReads: 1, events: 3))
        }
    }

    @Test func `what is remembered is what was stored, to the last digit`() async throws {
        try await withTwoStores { store, other, _ in
            let id = Tally<EveryTen>.ID("a")
            // Stored in microseconds.
            try await store.execute(.note(Date(timeIntervalSince1970: 1.123_456_789)), on: id)
            let remembered = try #require(store.cache.state(of: id))
            #expect(remembered.state == (try await other.load(id).state))
            #expect(try #require(remembered.state.last) != Date(timeIntervalSince1970: 1.123_456_789))
        }
    }

    @Test func `a stream that was closed, here or elsewhere, is remembered no longer`() async throws {
        try await withTwoStores { store, other, _ in
            for id in [ada, "bob"] { try await store.execute(.receive(cents: 1), on: id) }
            #expect(store.cacheStatus.count == 2)
            try await store.close(ada, expecting: .exactly(1))
            #expect(store.cacheStatus.count == 1)
            try await other.close(Account.ID("bob"), expecting: .exactly(1))
            let error = await #expect(throws: ExecuteError<Account.Rejection>.self) {
                try await store.execute(.receive(cents: 1), on: Account.ID("bob"))
            }
            guard case .failed(.closed) = error else { throw UnexpectedError(error) }
            #expect(store.cacheStatus.count == 0)
        }
    }

    @Test func `after the log was emptied a remembered state is worth nothing`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            for id in [ada, "bob"] { try await application.execute(.receive(cents: 5), on: id) }
            try await application.pool.execute("TRUNCATE martlet.events")
            let error = await #expect(throws: ExecuteError<Account.Rejection>.self) {
                try await application.execute(.send(cents: 9, to: "bob"), on: ada)
            }
            guard case .rejected(.insufficientFunds(shortBy: 9)) = error else { throw UnexpectedError(error) }
            try await application.execute(.receive(cents: 1), on: Account.ID("bob"))
            #expect(try await application.store.load(Account.ID("bob")).state.balance == 1)
        }
    }

    @Test func `two types of one category do not get each other's states`() async throws {
        try await withTwoStores { store, _, _ in
            try await store.execute(.add(1), on: Tally<EveryTen>.ID("a"))
            try await store.execute(.add(2), on: Tally<EveryTenOfTwo>.ID("a"))
            try await store.execute(.add(3), on: Tally<EveryTen>.ID("a"))
            #expect(try await store.load(Tally<EveryTenOfTwo>.ID("a")).state.sum == 6)
        }
    }

    @Test func `without room every command reads, and nothing is held`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let storage = CountingStorage(application.store.storage)
            let store = EventStore(storage, cache: .off)
            for _ in 0..<5 { try await store.execute(.receive(cents: 1), on: ada) }
            #expect(storage.counts == CountingStorage.Counts(streamReads: 5, events: 10, appends: 5))
            #expect(store.cacheStatus == CacheStatus())
        }
    }
}
