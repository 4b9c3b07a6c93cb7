import Foundation
import Martlet
import Testing

extension StoreContract {
    struct Reading {
        @Test(arguments: StoreKind.allCases)
        func `an empty store has an empty log and empty streams`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                #expect(try await store.head() == .start)
                #expect(try await store.log().isEmpty)
                #expect(try await store.events(of: "nobody").isEmpty)
                let loaded = try await store.load(Account.ID("nobody"))
                #expect(loaded.receipt == Receipt(version: .none, position: .start))
                #expect(loaded.state.balance == 0)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a stream and the log are read across pages, from wherever one asks`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 1)
                for number in 0..<5 {
                    let events = (0..<500).map { Account.Event.received(cents: number * 500 + $0) }
                    try await store.append(events, to: Account.ID("ada"), expecting: .any)
                }
                let all = try await store.events(of: "ada")
                #expect(all.map(\.version.rawValue) == Array(1...2500))
                #expect(all.map(\.event) == (0..<2500).map { .received(cents: $0) })
                for version in [-5, 1, 499, 999, 1000, 1001, 1500, 2499, 2500, 2501, Int64.max] {
                    let rest = try await store.events(of: "ada", after: StreamVersion(rawValue: version))
                    let first = max(0, min(version, 2500)) + 1
                    #expect(rest.map(\.version.rawValue) == (first..<2501).map { $0 })
                }
                for position in [-5, 0, 1, 1000, 1001, 1501, 2500, 2501, 2502, Int64.max] {
                    let rest = try await store.log(after: GlobalPosition(rawValue: position))
                    let first = max(0, min(position, 2501)) + 1
                    #expect(rest.map(\.position.rawValue) == (first..<2502).map { $0 })
                }
                #expect(try await store.load(Account.ID("ada")).state.balance == (0..<2500).reduce(0, +))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a page of a stream goes either way, up to a limit`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 10)
                func page(_ page: StreamPage) async throws -> [Int64] {
                    try await store.storage.readStream(Account.ID("ada").name, page).map(\.version.rawValue)
                }
                #expect(try await page(StreamPage(from: 3, limit: 4)) == [4, 5, 6, 7])
                #expect(try await page(StreamPage(from: 8, limit: 4)) == [9, 10])
                #expect(try await page(StreamPage(from: 10)).isEmpty)
                let latest = StreamVersion(rawValue: .max)
                #expect(try await page(StreamPage(from: latest, direction: .backwards, limit: 3)) == [10, 9, 8])
                #expect(try await page(StreamPage(from: 3, direction: .backwards)) == [2, 1])
                #expect(try await page(StreamPage(from: 1, direction: .backwards)).isEmpty)
                let lowest = StreamVersion(rawValue: .min)
                #expect(try await page(StreamPage(from: lowest, direction: .backwards)).isEmpty)
                #expect(try await page(StreamPage(from: lowest, limit: 1)) == [1])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a page of a stream ends where a version, a position or a time says`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                for _ in 0..<5 {
                    try await store.fill("ada", 1)
                    try await store.fill("bob", 1)
                }
                let events = try await store.events(of: "ada")
                func page(
                    asOf: AsOf, from version: StreamVersion = 0, _ direction: ReadDirection = .forwards
                ) async throws -> [Int64] {
                    let page = StreamPage(from: version, direction: direction, asOf: asOf)
                    return try await store.storage.readStream(Account.ID("ada").name, page).map(\.version.rawValue)
                }
                #expect(try await page(asOf: .version(2)) == [1, 2])
                #expect(try await page(asOf: .version(4), from: 2) == [3, 4])
                #expect(try await page(asOf: .version(4), from: 99, .backwards) == [4, 3, 2, 1])
                #expect(try await page(asOf: .version(0)).isEmpty)
                // Its events are at the odd positions.
                #expect(try await page(asOf: .position(4)) == [1, 2])
                #expect(try await page(asOf: .position(5), from: 3, .backwards) == [2, 1])
                #expect(try await page(asOf: .position(99)) == [1, 2, 3, 4, 5])
                let third = events[2].recordedAt
                let until = events.filter { $0.recordedAt <= third }.map(\.version.rawValue)
                #expect(try await page(asOf: .date(third)) == until)
                #expect(try await page(asOf: .date(third), from: 99, .backwards) == until.reversed())
                #expect(try await page(asOf: .date(third.addingTimeInterval(-3600))).isEmpty)
                #expect(try await page(asOf: .date(third.addingTimeInterval(3600))) == [1, 2, 3, 4, 5])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a page of the log says how far it looked`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 5)
                let first = try await store.storage.readLog(LogPage(from: 1, limit: 3))
                #expect(first.events.map(\.position) == [2, 3, 4])
                #expect(first.through == 4)
                let rest = try await store.storage.readLog(LogPage(from: first.through, limit: 3))
                #expect(rest.events.map(\.position) == [5])
                #expect(rest.through == 5)
                let none = try await store.storage.readLog(LogPage(from: rest.through, limit: 3))
                #expect(none.events.isEmpty)
                #expect(none.through == 5)
            }
        }
    }
}
