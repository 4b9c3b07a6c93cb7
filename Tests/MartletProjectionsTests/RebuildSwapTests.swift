import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletProjections

/// Columns named as a careless alias is.
private struct Awkward: Projection {
    static let name = "awkward"
    static let tables = [
        ReadModelTable("awkward", "CREATE TABLE awkward (a text PRIMARY KEY, b bigint NOT NULL, t text NOT NULL)"),
        ReadModelTable("keyless", "CREATE TABLE keyless (a text NOT NULL, b bigint NOT NULL, key text, d text)"),
    ]

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        guard case .counted(let amount) = recorded.event else { throw Totals.Stumbled() }
        transaction.enqueue(
            """
            INSERT INTO awkward AS known VALUES (\(recorded.stream.key), \(amount), 'same')
            ON CONFLICT (a) DO UPDATE SET b = known.b + EXCLUDED.b
            """)
        transaction.enqueue("INSERT INTO keyless VALUES ('same', \(amount))")
    }
}

/// What a rebuild makes sure of before it swaps, and what it refuses.
@Suite(.tags(.database)) struct RebuildSwapTests {
    @Test func `rows are compared whole, whatever the columns are called`() async throws {
        try await RebuildBench.with { bench in
            let application = RebuildBench.make(bench.database) { Awkward() }
            try await application.migrate()
            try await bench.append(10, to: 4)
            try await bench.running(application) { try await bench.catchUp(application) }
            let handle = application.projection(Awkward.self)
            try await bench.first.pool.execute("UPDATE read_models.awkward SET b = b + 1 WHERE a = 'c2'")
            try await bench.first.pool.execute("UPDATE read_models.keyless SET d = 'x' WHERE ctid = '(0,1)'")
            let error = await #expect(throws: RebuildError.self) { try await handle.rebuild() }
            guard case .different(_, let differences) = error else { return }
            #expect(differences.map(\.table) == ["awkward", "keyless"] && differences.map(\.rows) == [1, 2])
            #expect(differences.first?.examples == ["c2"])
            try await bench.first.pool.execute("UPDATE read_models.awkward SET b = b - 1 WHERE a = 'c2'")
            try await bench.first.pool.execute("UPDATE read_models.keyless SET d = NULL")
            #expect(try await handle.rebuild().verification == .sameRows)
        }
    }

    @Test func `who was taken over while it slept does not swap`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(10, to: 4)
            let begun = Mutex(0)
            var options = RebuildOptions()
            options.atStep = { step in
                let count = begun.withLock { count in
                    if step == .begun { count += 1 }
                    return count
                }
                guard step == .verified, count == 1 else { return }
                try await bench.first.pool.execute(
                    """
                    UPDATE martlet.projection_partitions SET epoch = epoch + 1
                    WHERE build = (SELECT build FROM martlet.projection_builds WHERE stage = 'building')
                    """)
            }
            let report = try await bench.new.rebuild(options)
            // It swapped in only what it took again.
            let attempts = begun.withLock { $0 }
            #expect(attempts == 2 && report.isLive && report.resumedFrom != nil)
            #expect(try await bench.differences(columns: "counter, sum, events, largest") == [])
        }
    }

    @Test func `a roll-back during a rebuild is not undone by its swap`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(10, to: 4)
            try await bench.buildFirst()
            try await bench.new.rebuild()
            var options = RebuildOptions(replacesPrevious: true)
            options.atStep = { if $0 == .verified { try await bench.new.rollBack() } }
            let (handle, disturbed) = (bench.new, options)
            await #expect(throws: RebuildError.liveChanged(projection: "tallies")) {
                try await handle.rebuild(disturbed)
            }
            #expect(try await bench.old.status().version == 1)
            #expect(try await bench.differences() == [])
        }
    }

    @Test func `a rebuild that is repeated after its swap does not drop what the first has kept`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(2, to: 2)
            try await bench.new.rebuild()
            let refusal = RebuildError.alreadyLive(projection: "tallies", version: 2, previous: 1)
            await #expect(throws: refusal) { try await bench.new.rebuild() }
            #expect(try await bench.new.planRebuild().obstacles == [refusal.description])
            #expect(try await bench.new.rebuild(RebuildOptions(until: .position(2))).isLive == false)
            #expect(try await bench.new.rebuild(RebuildOptions(replacesPrevious: true)).isLive)
            // Both are of one version now: nothing is lost that this program could not make.
            #expect(try await bench.new.rebuild().isLive)
        }
    }

    @Test func `who waited for another rebuild does not begin it all over`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(2, to: 2)
            try await bench.buildFirst()
            var options = RebuildOptions()
            options.atStep = { step in
                guard step == .verified else { return }
                // Another process finishes the same rebuild meanwhile.
                try await bench.first.pool.execute(
                    "DELETE FROM martlet.projection_builds WHERE stage = 'building'")
                try await bench.first.pool.execute("DROP TABLE read_models_building.tallies")
            }
            let (handle, late) = (bench.old, options)
            await #expect(throws: RebuildError.underWay(projection: "tallies")) { try await handle.rebuild(late) }
        }
    }

    @Test func `what holds on to a table is named before anything is built, rolled back or dropped`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(2, to: 2)
            try await bench.new.rebuild()
            try await bench.first.pool.execute("CREATE VIEW big AS SELECT counter FROM read_models_previous.tallies")
            let begun = Mutex(false)
            var options = RebuildOptions(replacesPrevious: true)
            options.atStep = { _ in begun.withLock { $0 = true } }
            let (handle, watched) = (bench.new, options)
            let errors = [
                await #expect(throws: RebuildError.self) { try await handle.rebuild(watched) },
                await #expect(throws: RebuildError.self) { try await handle.rollBack() },
                await #expect(throws: RebuildError.self) { try await handle.dropPrevious() },
            ]
            for error in errors { #expect(error?.description.contains("on view big") == true) }
            let hasBegun = begun.withLock { $0 }
            #expect(!hasBegun)
            #expect(try await handle.planRebuild(RebuildOptions(replacesPrevious: true)).obstacles.count == 1)
        }
    }

    @Test func `partitions of another version are brought to where the farthest of the live ones stands`() async throws
    {
        try await RebuildBench.with { bench in
            let other = RebuildBench.make(bench.database) { KeyedOtherwise() }
            try await bench.append(10, to: 6)
            try await bench.buildFirst()
            var options = RebuildOptions()
            options.atStep = { step in
                guard step == .verified else { return }
                let last = try await bench.append(10, to: 1)
                try await bench.first.pool.execute(
                    """
                    UPDATE martlet.projection_partitions SET position = \(last.rawValue)
                    WHERE partition = 0 AND build = (SELECT build FROM martlet.projection_builds WHERE stage = 'live')
                    """)
            }
            let handle = other.projection(KeyedOtherwise.self)
            let report = try await handle.rebuild(options)
            let positions = try await bench.first.pool.query(
                """
                SELECT DISTINCT p.position FROM martlet.projection_partitions p
                JOIN martlet.projection_builds b USING (build) WHERE b.stage = 'live'
                """
            ).map { row in try row.decode(Int64.self) }
            #expect(report.isLive && positions == [70])
        }
    }

    @Test func `SQL of a projection's own is not tried for a plan`() async throws {
        try await RebuildBench.with { bench in
            let application = RebuildBench.make(bench.database) { CountedBySQL() }
            try await application.migrate()
            try await bench.append(5, to: 3)
            #expect(try await application.projection(CountedBySQL.self).planRebuild().estimate == nil)
            #expect(try await bench.old.planRebuild().estimate != nil)
        }
    }
}

/// As many partitions as the first version, and all events of one key.
private struct KeyedOtherwise: TableProjection {
    static let name = "tallies"
    static let version = 2
    static let partitions = 3

    func key(of recorded: Recorded<Counter>) -> String? { "all" }

    func apply(_ recorded: Recorded<Counter>, to row: inout Tallies.FirstRow?) throws {
        guard case .counted(let amount) = recorded.event else { throw Totals.Stumbled() }
        row = Tallies.FirstRow(counter: "all", sum: (row?.sum ?? 0) + amount)
    }
}
