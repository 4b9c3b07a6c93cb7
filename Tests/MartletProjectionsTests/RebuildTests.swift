import Martlet
import MartletTesting
import Testing

@testable import MartletProjections

@Suite(.tags(.database)) struct RebuildTests {
    @Test func `a new shape is built beside the old one under load, and readers see neither gap nor step back`()
        async throws
    {
        try await RebuildBench.with { bench in
            try await bench.append(40, to: 30)
            try await bench.running(bench.first) {
                try await bench.catchUp(bench.first)
                let load = SteadyLoad(on: bench)
                _ = try await WatchfulReader.watch(bench) {
                    try await bench.running(bench.second) {
                        let report = try await bench.new.rebuild()
                        #expect(report.version == 2 && report.versionBefore == 1 && report.isLive)
                        #expect(report.verification == .sampled(keys: report.tables[0].rows))
                        #expect(try await load.stop() > 0)
                        try await bench.catchUp(bench.second)
                    }
                }
            }
            #expect(try await bench.differences(columns: "counter, sum, events, largest") == [])
            #expect(try await bench.old.status().state == .awaitingRebuild(live: 2, declared: 1))
        }
    }

    @Test func `the same version is compared row for row while the live one moves`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(50, to: 20)
            try await bench.running(bench.first) {
                try await bench.catchUp(bench.first)
                let load = SteadyLoad(on: bench)
                let report = try await bench.old.rebuild()
                #expect(report.verification == .sameRows)
                #expect(try await load.stop() > 0)
                try await bench.catchUp(bench.first)
            }
            #expect(try await bench.differences() == [])
            let swaps = try await bench.first.pool.query(
                "SELECT kind, version, replaced_version FROM martlet.projection_swaps")
            #expect(try swaps.map { row in try row.decode(String.self, Int32.self, Int32.self).0 } == ["rebuild"])
        }
    }

    @Test func `a damaged live row is found, and replaced only when that is accepted`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(10, to: 10)
            try await bench.buildFirst()
            try await bench.first.pool.execute("UPDATE read_models.tallies SET sum = sum + 1 WHERE counter = 'c3'")
            let expected = [TableDifference(table: "tallies", rows: 1, examples: ["c3"])]
            await #expect(throws: RebuildError.different(projection: "tallies", expected)) {
                try await bench.old.rebuild()
            }
            #expect(try await bench.differences().count == 2)
            let report = try await bench.old.rebuild(RebuildOptions(acceptsDifferences: true))
            #expect(report.verification == .acceptedDifferences(expected))
            // By the code of now: what was refused is not gone on with.
            #expect(report.resumedFrom == nil && report.events == 100)
            #expect(try await bench.differences() == [])
        }
    }

    @Test func `a row of another shape that is not what its events say is found`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(10, to: 10)
            var options = RebuildOptions()
            options.atStep = { step in
                guard step == .caughtUp else { return }
                try await bench.first.pool.execute(
                    "UPDATE read_models_building.tallies SET sum = sum + 1 WHERE counter = 'c3'")
            }
            let (handle, damaging) = (bench.new, options)
            await #expect(throws: RebuildError.unstable(projection: "tallies", keys: ["c3"])) {
                try await handle.rebuild(damaging)
            }
            #expect(try await bench.old.status().version == 1)
        }
    }

    private struct Killed: Error {}

    @Test(arguments: RebuildStep.allCases)
    func `a rebuild that ends at any step is taken up again, and the old one serves on`(step: RebuildStep) async throws
    {
        try await RebuildBench.with { bench in
            try await bench.append(300, to: 20)
            try await bench.running(bench.first) {
                try await bench.catchUp(bench.first)
                _ = try await WatchfulReader.watch(bench) {
                    var options = RebuildOptions(memory: 2000)
                    options.atStep = { if $0 == step { throw Killed() } }
                    let (handle, dying) = (bench.new, options)
                    await #expect(throws: Killed.self) { try await handle.rebuild(dying) }
                    try await bench.append(10, to: 5, prefix: "later")
                    if step != .swapped {
                        #expect(try await bench.old.status().version == 1)
                        options.atStep = { _ in }
                        let report = try await bench.new.rebuild(options)
                        #expect((report.resumedFrom ?? .start) <= 6000)
                        if step == .verified { #expect(report.resumedFrom == 6000) }
                    }
                }
            }
            try await bench.running(bench.second) { try await bench.catchUp(bench.second) }
            #expect(try await bench.differences(columns: "counter, sum, events, largest") == [])
        }
    }

    @Test func `lost sessions do not end a rebuild`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(300, to: 40)
            let killer = try await Connection.open(bench.database.configuration)
            let killing = Task {
                for _ in 0..<15 {
                    try await killer.query(
                        """
                        SELECT pg_terminate_backend(pid), pg_sleep(0.02) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND backend_type = 'client backend' ORDER BY random() LIMIT 1
                        """)
                }
            }
            let report = try await bench.new.rebuild(RebuildOptions(throttle: 20_000, memory: 2000))
            try await killing.value
            #expect(report.position == 12_000)
            #expect(try await bench.differences(columns: "counter, sum, events, largest") == [])
        }
    }

    @Test func `two rebuilds at once are refused, and one whose process died is not`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(30, to: 10)
            var options = RebuildOptions()
            let (begun, feed) = AsyncStream<Void>.makeStream()
            let (go, start) = AsyncStream<Void>.makeStream()
            options.atStep = { step in
                guard step == .begun else { return }
                feed.yield()
                for await _ in go { return }
            }
            let (handle, waiting) = (bench.new, options)
            let rebuild = Task { try await handle.rebuild(waiting) }
            for await _ in begun { break }
            let other = RebuildBench.make(bench.database) { Tallies.Second() }.projection(Tallies.Second.self)
            #expect(try await other.planRebuild().obstacles.count == 1)
            await #expect(throws: RebuildError.underWay(projection: "tallies")) { try await other.rebuild() }
            start.yield()
            _ = try await rebuild.value
            #expect(try await bench.differences() == [])

            // A lease that nobody renews runs out.
            try await #require(throws: Killed.self) {
                var options = RebuildOptions(replacesPrevious: true)
                options.atStep = { _ in throw Killed() }
                try await bench.new.rebuild(options)
            }
            try await bench.first.pool.execute(
                """
                UPDATE martlet.projection_leases SET member = gen_random_uuid(),
                    leased_until = clock_timestamp() + interval '400 ms'
                WHERE build = (SELECT build FROM martlet.projection_builds WHERE stage = 'building')
                """)
            #expect(try await other.rebuild(RebuildOptions(replacesPrevious: true)).resumedFrom != nil)
        }
    }

    @Test func `a roll-back brings the old one back with its own checkpoint, and another goes forward again`()
        async throws
    {
        try await RebuildBench.with { bench in
            await #expect(throws: RebuildError.noPrevious(projection: "tallies")) { try await bench.old.rollBack() }
            try await bench.append(10, to: 10)
            try await bench.buildFirst()
            try await bench.new.rebuild()
            let last = try await bench.append(10, to: 3, prefix: "after")
            try await bench.running(bench.second) { try await bench.catchUp(bench.second) }

            let back = try await bench.new.rollBack()
            #expect(back.version == 1 && back.versionBefore == 2 && back.position == 100)
            #expect(try await bench.differences(upTo: 100) == [])
            try await bench.buildFirst()
            #expect(try await bench.differences() == [])

            let forward = try await bench.old.rollBack()
            #expect(forward.version == 2 && forward.position == last)
            #expect(try await bench.differences(columns: "counter, sum, events, largest") == [])
            #expect(try await bench.new.dropPrevious() == 1)
            await #expect(throws: RebuildError.noPrevious(projection: "tallies")) { try await bench.new.rollBack() }
            let left = try await bench.first.pool.query("SELECT to_regclass('read_models_previous.tallies') IS NULL")
            #expect(try left[0].decode(Bool.self))
        }
    }

    @Test func `a past state is built beside the present one, by position and by time`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(10, to: 10)
            try await bench.buildFirst()
            let report = try await bench.new.rebuild(RebuildOptions(until: .position(40)))
            #expect(!report.isLive && report.schema == "read_models_past" && report.position == 40)
            #expect(
                try await bench.differences(
                    "read_models_past.tallies", columns: "counter, sum, events, largest", upTo: 40) == [])

            let row = try await bench.first.pool.query("SELECT recorded_at FROM martlet.events WHERE position = 70")[0]
            let past = try await bench.old.rebuild(RebuildOptions(until: .date(try row.decode(column: 0))))
            #expect((70...80).contains(past.position.rawValue))
            #expect(try await bench.differences("read_models_past.tallies", upTo: past.position) == [])
            #expect(try await bench.differences() == [])
            await #expect(throws: RebuildError.beyondTheLog(101, head: 100)) {
                try await bench.old.rebuild(RebuildOptions(until: .position(101)))
            }
        }
    }

    @Test func `a throttle holds it back`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(30, to: 10)
            let clock = ContinuousClock()
            let time = try await clock.measure { try await bench.new.rebuild(RebuildOptions(throttle: 500)) }
            #expect(time > .milliseconds(400))
        }
    }

    @Test func `who may read the old table may read the new one`() async throws {
        try await RebuildBench.with { bench in
            let role = "reader_\(bench.database.name.suffix(12))"
            let name = try SQLIdentifier(role)
            try await bench.first.pool.execute("CREATE ROLE \(name)")
            try await bench.first.pool.execute("GRANT SELECT ON read_models.tallies TO \(name)")
            try await bench.first.pool.execute("GRANT UPDATE (sum) ON read_models.tallies TO PUBLIC")
            try await bench.append(1, to: 2)
            try await bench.new.rebuild()
            let rows = try await bench.first.pool.query(
                """
                SELECT has_table_privilege(\(role), 'read_models.tallies', 'SELECT'),
                    has_column_privilege(\(role), 'read_models.tallies', 'sum', 'UPDATE'),
                    has_column_privilege(\(role), 'read_models.tallies', 'events', 'UPDATE')
                """)
            #expect(try rows[0].decode(Bool.self, Bool.self, Bool.self) == (true, true, false))
            try await bench.first.pool.execute("DROP OWNED BY \(name)")
            try await bench.first.pool.execute("DROP ROLE \(name)")
        }
    }

    @Test func `a projection of SQL is rebuilt, too`() async throws {
        try await RebuildBench.with { bench in
            let application = RebuildBench.make(bench.database) { CountedBySQL() }
            try await application.migrate()
            try await bench.append(50, to: 30)
            try await bench.running(application) { try await bench.catchUp(application) }
            let handle = application.projection(CountedBySQL.self)
            let columns = "counter, sum, events"
            #expect(try await handle.rebuild().verification == .sameRows)
            #expect(try await bench.differences("read_models.counted", columns: columns) == [])
            try await bench.append(5, to: 2)
            try await bench.running(application) { try await bench.catchUp(application) }
            #expect(try await bench.differences("read_models.counted", columns: columns) == [])
        }
    }

    @Test func `an event that cannot be projected parks its key in the new build`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(20, to: 5)
            try await bench.first.execute(.stumbled, on: Counter.ID("c1"))
            try await bench.append(20, to: 5)
            let report = try await bench.new.rebuild()
            #expect(report.parkedKeys == 1)
            // The key stands where it was before the bad event; the others have everything.
            let differences = try await bench.differences()
            #expect(differences.count == 2 && differences.allSatisfy { $0.contains("c1") })
            #expect(try await bench.new.status().parkedKeys == 1)
            let waiting = try await bench.first.pool.query(
                "SELECT count(*), count(problem) FROM martlet.dead_letters WHERE key = 'c1'")[0]
            #expect(try waiting.decode(Int.self, Int.self) == (21, 1))
        }
    }

    @Test func `an event that may not be passed ends the rebuild before it, with the reason`() async throws {
        try await RebuildBench.with { bench in
            let application = RebuildBench.make(bench.database) { Strict() }
            try await application.migrate()
            try await bench.append(3, to: 1)
            try await bench.first.execute(.stumbled, on: Counter.ID("c0"))
            let handle = application.projection(Strict.self)
            let error = await #expect(throws: RebuildError.self) { try await handle.rebuild() }
            #expect(error?.description.contains("\"counter.stumbled\" at position 4") == true)
            let rows = try await bench.first.pool.query(
                "SELECT (SELECT count(*) FROM read_models.strict), (SELECT count(*) FROM read_models_building.strict)")
            #expect(try rows[0].decode(Int.self, Int.self) == (0, 3))
        }
    }

    @Test func `with hardly any memory the rows are the same`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(600, to: 20)
            try await bench.new.rebuild(RebuildOptions(throttle: 400_000, memory: 1))
            #expect(try await bench.differences(columns: "counter, sum, events, largest") == [])
        }
    }

    @Test func `what holds on to the live table is named, and the rebuild goes on once it is gone`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(2, to: 2)
            try await bench.first.pool.execute("CREATE VIEW big AS SELECT counter FROM read_models.tallies")
            let error = await #expect(throws: RebuildError.self) { try await bench.new.rebuild() }
            #expect(error?.description.contains("on view big") == true)
            try await bench.first.pool.execute("DROP VIEW big")
            #expect(try await bench.new.rebuild().isLive)
        }
    }

    @Test func `a long reader of the old table is waited for, and holds up no other`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(2, to: 2)
            let reader = try await Connection.open(bench.database.configuration)
            let (holds, feed) = AsyncStream<Void>.makeStream()
            let reading = Task {
                try await reader.transaction { transaction in
                    try await transaction.query("SELECT count(*) FROM read_models.tallies")
                    feed.yield()
                    try await transaction.query("SELECT pg_sleep(1.5)")
                }
            }
            for await _ in holds { break }
            let (handle, clock) = (bench.new, ContinuousClock())
            let rebuild = Task { try await clock.measure { try await handle.rebuild() } }
            var slowest = Duration.zero
            while try await bench.new.status().version == 1 {
                let look = try await clock.measure {
                    try await bench.first.pool.query("SELECT count(*) FROM read_models.tallies")
                }
                slowest = max(slowest, look)
                try await Task.sleep(for: .milliseconds(5))
            }
            try await reading.value
            #expect(try await rebuild.value > .milliseconds(500))
            #expect(slowest < .seconds(1))
        }
    }

    @Test func `a plan says what would happen and changes nothing`() async throws {
        try await RebuildBench.with { bench in
            try await bench.append(20, to: 5)
            let before = try await bench.first.pool.query("SELECT count(*) FROM pg_class")[0].decode(Int.self)
            let plan = try await bench.new.planRebuild()
            #expect(plan.version == 2 && plan.versionBefore == 1 && plan.target == 100 && plan.events == 100)
            #expect(plan.tables == ["tallies"] && plan.obstacles == [] && plan.estimate != nil)
            #expect(try await bench.first.pool.query("SELECT count(*) FROM pg_class")[0].decode(Int.self) == before)
        }
    }

    @Test func `what cannot be rebuilt is refused with the reason`() async throws {
        try await RebuildBench.with { bench in
            let application = RebuildBench.make(bench.database) { Totals() }
            await #expect(throws: RebuildError.noTables(projection: "totals")) {
                try await application.projection(Totals.self).rebuild()
            }
            try await bench.new.rebuild()
            await #expect(throws: RebuildError.olderThanLive(projection: "tallies", declared: 1, live: 2)) {
                try await bench.old.rebuild()
            }
        }
    }
}
