import Foundation
import Martlet
import MartletProjections
import MartletTesting
import Testing

/// Keys are the same where the database says so, and an operator's skip means the one event.
@Suite(.tags(.database)) struct ExactKeyTests {
    @Test func `a key does not wait behind one that only looks like it`() async throws {
        try await Depot.open {
            Places(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "a at caf\u{e9}")
            try await depot.running {
                try await depot.move("a", to: "caf\u{e9}")
                try await depot.catchUp()
                try await depot.move("b", to: "cafe\u{301}")
                try await depot.catchUp()
                #expect(try await depot.parcels(at: "cafe\u{301}") == "b")
                #expect(try await depot.application.projection(Places.self).parkedKeys().map(\.count) == [1])
            }
        }
    }

    @Test func `a time comes back rounded from the table and is the same key`() async throws {
        try await Depot.open { _ in
            Moments()
        } _: { depot in
            try await depot.running {
                for parcel in ["a", "b"] {
                    try await depot.move(parcel, to: "0.12345678")
                    try await depot.catchUp()
                }
            }
            let counts = try await depot.application.pool.query("SELECT count FROM read_models.moments")
                .map { row in try row.decode(Int.self) }
            #expect(counts == [2])
        }
    }

    @Test func `an event of another partition cannot be skipped`() async throws {
        try await Depot.open {
            Crossings(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "bog")
            let crossings = depot.application.projection(Crossings.self)
            try await depot.running {
                try await depot.move("a", to: "bog")
                _ = try await depot.stopped(crossings)
                for parcel in ["b", "c", "d", "e", "f"] { try await depot.move(parcel, to: "road") }
                for position in [2, 3, 4, 5, 6] as [GlobalPosition] {
                    await #expect(throws: ParkingError.notStoppedBefore(position, projection: "crossings")) {
                        try await crossings.skip(position, reason: "spoilt", by: "ada")
                    }
                }
                try await crossings.skip(1, reason: "spoilt", by: "ada")
                try await crossings.resume()
                try await depot.catchUp()
            }
            #expect(depot.trouble.tries >= 5)
        }
    }

    @Test func `pages shrink where events are large, and grow again`() {
        var size = PageSize(largest: 5000)
        size.found(events: 500, bytes: 500 * 100_000)
        #expect(size.limit == (16 << 20) / 100_000)
        size.found(events: 1, bytes: 64 << 20)
        #expect(size.limit == 1)
        size.found(events: 0, bytes: 0)
        #expect(size.limit == 1)
        size.found(events: 1, bytes: 200)
        #expect(size.limit == 5000)
    }
}

private struct Moment: TableRow {
    var time: Date
    var count: Int

    var key: Date { time }

    static let table = Table<Moment>(
        "moments", key: Column("time", \.time), columns: Column("count", \.count), make: Moment.init)
}

private struct Moments: TableProjection {
    static let name = "moments"

    func key(of recorded: Recorded<Parcel>) -> Date? {
        guard case .moved(let place) = recorded.event else { return nil }
        return Double(place).map { Date(timeIntervalSince1970: $0) }
    }

    func apply(_ recorded: Recorded<Parcel>, to row: inout Moment?) {
        guard let time = key(of: recorded) else { return }
        row = row.map { Moment(time: $0.time, count: $0.count + 1) } ?? Moment(time: time, count: 1)
    }
}

/// Stops in one of its two partitions.
private struct Crossings: Projection {
    static let name = "crossings"
    static let partitions = 2
    static let onFailure = FailurePolicy.stop(after: 1)
    let trouble: Trouble

    func project(_ recorded: Recorded<Parcel>, in transaction: Transaction) async throws {
        guard case .moved(let place) = recorded.event else { return }
        try trouble.meet(place)
        try await transaction.query("SELECT 1")
    }
}
