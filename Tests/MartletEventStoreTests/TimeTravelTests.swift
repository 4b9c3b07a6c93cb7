import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

@Suite(.tags(.database)) struct TimeTravelTests {
    private let id = Tally<EveryTen>.ID("a")

    /// The event of version n adds n, stands at position 2n and was recorded n hours into the year; between them stand
    /// another stream's.
    private func withHistory(
        _ count: Int = 12, _ body: (Application) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            for number in 1...count {
                try await application.execute(.add(1000), on: Tally<EveryTen>.ID("other"))
                try await application.execute(.add(number), on: id)
            }
            try await application.pool.execute(
                "UPDATE martlet.events SET recorded_at = \(Self.start) + version * interval '1 hour'")
            try await body(application)
        }
    }

    private static let start = Date(timeIntervalSince1970: 1_767_225_600)

    private func sum(_ count: Int) -> Int { count * (count + 1) / 2 }

    @Test func `at each version, and beyond the last`() async throws {
        try await withHistory { application async throws in
            for version in 0...15 {
                let loaded = try await application.store.load(
                    id, asOf: .version(StreamVersion(rawValue: Int64(version))))
                #expect(loaded.state.sum == sum(min(version, 12)))
                #expect(loaded.receipt.version.rawValue == Int64(min(version, 12)))
            }
        }
    }

    @Test func `at each position, its own and those between`() async throws {
        try await withHistory { application async throws in
            for position in 0...30 {
                let loaded = try await application.store.load(
                    id, asOf: .position(GlobalPosition(rawValue: Int64(position))))
                #expect(loaded.state.sum == sum(min(position / 2, 12)))
                #expect(loaded.receipt.position.rawValue == Int64(min(position / 2, 12) * 2))
            }
        }
    }

    @Test func `at each time, to the microsecond`() async throws {
        try await withHistory { application async throws in
            for hour in 0...14 {
                let then = Self.start.addingTimeInterval(Double(hour) * 3600)
                let (at, before) = (AsOf.date(then), AsOf.date(then.addingTimeInterval(-0.000_001)))
                #expect(try await application.store.load(id, asOf: at).state.sum == sum(min(hour, 12)))
                #expect(
                    try await application.store.load(id, asOf: before).state.sum == sum(min(max(hour - 1, 0), 12)))
            }
        }
    }

    private static let moments: [(AsOf, Int?)] = [
        (.version(20), 20), (.version(22), 22), (.version(19), nil),
        (.position(40), 20), (.position(45), 22), (.position(39), nil),
        (.date(start.addingTimeInterval(20 * 3600)), 20), (.date(start.addingTimeInterval(19.9 * 3600)), nil),
    ]

    @Test(arguments: moments)
    func `a snapshot is used only if it had been reached by then`(moment: AsOf, version: Int?) async throws {
        try await withHistory(25) { application async throws in
            await application.store.snapshotsSettled()
            // Whoever folds from the start meets this.
            try await application.pool.execute("UPDATE martlet.events SET type = 'tally.lost' WHERE version = 1")
            if let version {
                #expect(try await application.store.load(id, asOf: moment).state.sum == sum(version))
            } else {
                await #expect(throws: EventStoreError.self) {
                    try await application.store.load(id, asOf: moment)
                }
            }
        }
    }

    @Test func `the past is not remembered, and no snapshot is taken of it`() async throws {
        try await withHistory(25) { application async throws in
            await application.store.snapshotsSettled()
            try await application.pool.execute("DELETE FROM martlet.snapshots")
            let store = EventStore(application.pool)
            #expect(try await store.load(id, asOf: .version(15)).state.sum == sum(15))
            await store.snapshotsSettled()
            #expect(store.cacheStatus == CacheStatus())
            #expect(store.snapshotStatus == SnapshotStatus())
            #expect(try await store.execute(.raise(to: sum(25)), on: id).version == 25)
            #expect(try await store.load(id, asOf: .version(15)).state.sum == sum(15))
            #expect(try await store.load(id).state.sum == sum(25))
        }
    }

    @Test func `an archived stream has a past too`() async throws {
        try await withHistory { application async throws in
            try await application.store.close(id, expecting: .exists)
            try await application.store.archive(id)
            #expect(try await application.store.load(id, asOf: .version(5)).state.sum == sum(5))
        }
    }
}
