import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletProjections

/// Where each parcel is; no two may be at one place.
private struct Whereabouts: TableProjection {
    struct Row: TableRow {
        var parcel: String
        var place: String

        var key: String { parcel }

        static let table = Table<Row>(
            "whereabouts", key: Column("parcel", \.parcel), columns: Column("place", \.place),
            indexes: [.unique(on: "place")], make: Row.init)
    }

    static let name = "whereabouts"
    static let onFailure = FailurePolicy.park(after: 2)

    /// A place such as "a:road" says by itself whose it is.
    func key(of recorded: Recorded<Parcel>) -> String? { parts(of: recorded).parcel }

    func apply(_ recorded: Recorded<Parcel>, to row: inout Row?) throws {
        let (parcel, place) = parts(of: recorded)
        if place == "cliff" { fatalError("fell off") }
        row = Row(parcel: parcel, place: place)
    }

    private func parts(of recorded: Recorded<Parcel>) -> (parcel: String, place: String) {
        guard case .moved(let place) = recorded.event else { return (recorded.stream.key, "") }
        let parts = place.split(separator: ":")
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (recorded.stream.key, place)
    }
}

@Suite(.tags(.database)) struct RebuildFillTests {
    private func with(_ body: (RebuildBench, ProjectionHandle) async throws -> Void) async throws {
        try await RebuildBench.with { bench in
            let application = RebuildBench.make(bench.database) { Whereabouts() }
            try await application.migrate()
            try await body(bench, application.projection(Whereabouts.self))
        }
    }

    @discardableResult
    private func move(_ places: [String], _ bench: RebuildBench) async throws -> GlobalPosition {
        try await bench.first.store.append(
            places.map { Parcel.Event.moved(to: $0) }, to: Parcel.ID("all"), expecting: .any
        ).position
    }

    private func rows(
        _ bench: RebuildBench, in schema: SQLIdentifier = "read_models"
    ) async throws -> [String] {
        try await bench.first.pool.query("SELECT parcel || ':' || place FROM \(schema).whereabouts ORDER BY parcel")
            .map { row in try row.decode(String.self) }
    }

    private struct Killed: Error {}

    /// Ends a rebuild in good order at a step.
    private func leave(_ handle: ProjectionHandle, at step: RebuildStep) async throws {
        var options = RebuildOptions()
        options.atStep = { if $0 == step { throw Killed() } }
        let leaving = options
        await #expect(throws: Killed.self) { try await handle.rebuild(leaving) }
    }

    @Test func `an event whose row the database does not take is parked with its key`() async throws {
        try await with { bench, handle in
            try await move(["a:road", "b:town", "f:road", "b:hill"], bench)
            let report = try await handle.rebuild()
            #expect(try await rows(bench) == ["a:road", "b:hill"])
            #expect(report.parkedKeys == 1 && report.isLive)
            let past = try await handle.rebuild(RebuildOptions(until: .position(4)))
            #expect(past.verification == .sampled(keys: 2))
        }
    }

    @Test func `a text with a NUL is parked with its key`() async throws {
        try await with { bench, handle in
            try await move(["a:road", "b:to\0wn", "a:hill"], bench)
            let report = try await handle.rebuild()
            #expect(try await rows(bench) == ["a:hill"])
            #expect(report.parkedKeys == 1 && report.isLive)
        }
    }

    @Test func `rows of two statements exchange what is unique`() async throws {
        try await with { bench, handle in
            let count = 5200
            try await move((0..<count).map { "\($0):p\($0)" }, bench)
            try await leave(handle, at: .caughtUp)
            try await move((0..<count).map { "\($0):p\(count - 1 - $0)" }, bench)
            let report = try await handle.rebuild()
            #expect(report.parkedKeys == 0 && report.resumedFrom == 5200)
            #expect(Set(try await rows(bench)) == Set((0..<count).map { "\($0):p\(count - 1 - $0)" }))
        }
    }

    @Test(.tags(.slow)) func `an event that ends the process is parked by a rebuild that comes after it`()
        async throws
    {
        try await with { bench, handle in
            try await move(["a:road", "b:cliff", "b:town", "a:town"], bench)
            // In the first, nothing tells that the event kills; then two tries are counted.
            for _ in 0..<3 {
                await #expect(processExitsWith: .failure) { [name = bench.database.name as String] in
                    let application = Application(
                        postgres: .environment.database(name), connections: 4, lease: .milliseconds(600)
                    ) { Whereabouts() }
                    // What is built live leaves its last few events to the ordinary workers.
                    let options = RebuildOptions(until: .position(4))
                    _ = try await application.projection(Whereabouts.self).rebuild(options)
                }
            }
            let report = try await handle.rebuild(RebuildOptions(until: .position(4)))
            #expect(try await rows(bench, in: "read_models_past") == ["a:town"])
            #expect(report.parkedKeys == 1 && report.verification == .sampled(keys: 1))
        }
    }

    @Test func `a rebuild that is left in good order makes nobody suspicious`() async throws {
        try await with { bench, handle in
            try await move(["a:road"], bench)
            try await leave(handle, at: .begun)
            let build = try await build(bench)
            let claims = try await bench.first.pool.query(
                "SELECT count(claimed_position) FROM martlet.projection_partitions WHERE build = \(build)")
            #expect(try claims[0].decode(Int.self) == 0)
        }
    }

    private func build(_ bench: RebuildBench) async throws -> Int64 {
        try await bench.first.pool.query("SELECT build FROM martlet.projection_builds WHERE stage = 'building'")[0]
            .decode(Int64.self)
    }

    @Test func `a process that is frozen within its transaction is named as the other rebuild`() async throws {
        try await with { bench, handle in
            try await move(["a:road"], bench)
            try await leave(handle, at: .begun)
            let build = try await build(bench)
            try await bench.first.pool.execute(
                "UPDATE martlet.projection_leases SET member = gen_random_uuid() WHERE build = \(build)")
            let frozen = try await Connection.open(bench.database.configuration)
            let (holds, feed) = AsyncStream<Void>.makeStream()
            let freezing = Task {
                try await frozen.transaction { transaction in
                    try await transaction.query(
                        "SELECT FROM martlet.projection_partitions WHERE build = \(build) FOR NO KEY UPDATE")
                    feed.yield()
                    try await transaction.query("SELECT pg_sleep(60)")
                }
            }
            for await _ in holds { break }
            await #expect(throws: RebuildError.underWay(projection: "whereabouts")) { try await handle.rebuild() }
            freezing.cancel()
            _ = await freezing.result
            #expect(try await handle.rebuild().isLive)
        }
    }

    @Test func `a checkpoint moves only to an event that stands in the log`() async throws {
        try await with { bench, handle in
            try await move(["a:road"], bench)
            try await bench.append(1, to: 1)
            try await leave(handle, at: .begun)
            let surroundings = handle.surroundings
            let writer = TableWriter(Whereabouts())
            let target = try #require(try await Builds(writer.declaration, surroundings).find(.building)).target
            let epoch = try await bench.first.pool.query(
                "SELECT epoch FROM martlet.projection_partitions WHERE build = \(target.build)")[0].decode(Int64.self)
            let lease = PartitionLease(partition: 0, epoch: epoch, position: .start, isSuspect: false)
            let place = FillPlace(surroundings: surroundings, target: target, lease: lease, sampleSize: 16)
            let stored = try await surroundings.store.logPage(after: .start, limit: 2)
            let (own, end) = (try #require(writer.route(stored[0], surroundings.store)), stored[1])
            let lost = StoredEvent(
                position: end.position, version: end.version, recordedAt: end.recordedAt, id: UUID(),
                stream: end.stream, type: end.type, typeVersion: 1, payload: end.payload, metadata: end.metadata)
            for (last, isThere) in [(lost, false), (end, true)] {
                // The last event is none of the projection's.
                let fill = RowFill(Whereabouts(), at: place)
                try await fill.take([own], upTo: last)
                if isThere {
                    try await fill.flush(forgetting: false)
                } else {
                    await #expect(throws: Checkpoint.Fenced.self) { try await fill.flush(forgetting: false) }
                }
            }
        }
    }

    @Test func `pages of large events have fewer of them`() async throws {
        try await with { bench, handle in
            let text = String(repeating: "x", count: 200_000)
            for _ in 0..<10 { try await move((0..<20).map { "\($0):\(text)" }, bench) }
            var pages = PageFeed(
                TableWriter(Whereabouts()), handle.surroundings.store, after: .start, upTo: 200, size: 800)
            var counts: [Int] = []
            while let page = try await pages.next() { counts.append(page.count) }
            #expect(counts == [100, 50, 50])
        }
    }

    @Test func `pages of small events become full ones`() async throws {
        try await with { bench, handle in
            let end = try await move((0..<1000).map { "\($0):here" }, bench)
            var pages = PageFeed(
                TableWriter(Whereabouts()), handle.surroundings.store, after: .start, upTo: end, size: 300)
            var counts: [Int] = []
            while let page = try await pages.next() { counts.append(page.count) }
            #expect(counts == [37, 300, 300, 300, 63])
        }
    }

    @Test func `a sample of which nothing is left says so`() async throws {
        try await with { bench, handle in
            try await move(["a:road", "b:town", "c:hill"], bench)
            let (writer, store) = (TableWriter(Whereabouts()), handle.surroundings.store)
            let events = try await store.logPage(after: .start, limit: 3).compactMap { writer.route($0, store) }
            var sample = KeySample(Whereabouts(), size: 2)
            // All have one hash.
            sample.take(events.map { RoutedEvent(stored: $0.stored, input: $0.input, key: "k") })
            let verdict = try await bench.first.pool.transaction { [sample] transaction in
                try await sample.check(in: transaction)
            }
            #expect(verdict.keys == 0 && verdict.hasLeftOut)
        }
    }
}
