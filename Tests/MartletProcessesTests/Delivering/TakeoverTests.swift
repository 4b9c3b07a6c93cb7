import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletProcesses
@testable import MartletProjections

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct TakeoverTests {
    /// One that has lost its lease and does not know it yet.
    private func zombie(_ clerk: Clerk, in office: Office) async throws -> Task<Void, Never> {
        try await courier(in: surroundings(of: office, clerk), of: office)
    }

    private func surroundings(of office: Office, _ clerk: Clerk) -> ProcessSurroundings<Chores> {
        let application = office.application
        return ProcessSurroundings<Chores>(
            store: application.store, pool: application.pool, schema: application.schema,
            gates: [Clerk.name: ProviderGate(clerk)], time: .database, incidents: IncidentReport { _ in })
    }

    private func courier(
        in surroundings: ProcessSurroundings<Chores>, of office: Office
    ) async throws -> Task<Void, Never> {
        let build = try await office.count("SELECT build FROM martlet.projection_builds")
        let lease = PartitionLease(partition: 0, epoch: 0, position: .start, isSuspect: false)
        let place = AttendedPartition(build: build, number: 0, tenure: PartitionTenure(lease))
        return Task {
            let bell = surroundings.bells[0]
            let ringing = Task {
                while !Task.isCancelled {
                    await bell.wake()
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            var courier = Courier(surroundings, place)
            await courier.run()
            ringing.cancel()
        }
    }

    @Test func `two couriers of the same partition have one effect`() async throws {
        let (mine, other) = (Clerk { _, _ in "mine" }, Clerk { _, _ in "other" })
        try await Office.with(mine) { office in
            let zombie = try await zombie(other, in: office)
            defer { zombie.cancel() }
            try await office.running {
                try await office.begin(.work, (0..<100).map { "w\($0)" })
                try await office.begin(.post(on: "b"), (0..<100).map { "p\($0)" })
                try await office.wait(
                    for: "SELECT count(*) = 100 FROM martlet.process_instances WHERE status = 'completed'")
                try await office.wait(for: "SELECT count(*) = 0 FROM martlet.process_effects")
            }
            zombie.cancel()
            await zombie.value
            #expect(try await office.journalled("answered") == 100)
            #expect(try await office.count("SELECT count(*) FROM martlet.events WHERE type = 'board.posted'") == 100)
            // Else nothing was tried.
            let (mine, other) = (
                Set(mine.calls.withLock { $0.map(\.key) }), Set(other.calls.withLock { $0.map(\.key) })
            )
            #expect(mine.union(other).count == 100)
            #expect(!mine.intersection(other).isEmpty)
        }
    }

    @Test func `what was answered before a takeover is not asked again`() async throws {
        let silent = Clerk(CallPolicy(timeout: .seconds(60))) { _, _ in
            try await Task.sleep(for: .seconds(60))
            return "too late"
        }
        try await Office.with(silent) { office in
            // More than a courier reads at once.
            let keys = (0..<700).map { "k\($0)" }
            try await office.running {
                try await office.begin(.work, keys)
                try await office.wait(for: "SELECT count(*) = 700 FROM martlet.process_effects")
            }
            try await office.forEach(of: keys.dropLast()) { key in
                let call = EffectReference(number: 1, round: 1, step: "work", target: "clerk")
                try await office.journal(
                    .answered(call, answer: #""early""#), key, as: CommandID("chores/\(key)/1.1/end"))
            }
            // The worker is kept from reacting, so that the courier is first.
            let clerk = Clerk()
            let colleague = office.colleague(clerk)
            try await office.application.pool.execute(
                """
                CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END';
                """)
            try await office.application.pool.execute(
                """
                CREATE TRIGGER dawdle BEFORE UPDATE ON martlet.process_instances
                FOR EACH STATEMENT EXECUTE FUNCTION dawdle()
                """)
            try await colleague.running {
                try await office.wait(
                    for: "SELECT count(*) = 700 FROM martlet.process_instances WHERE ended_at IS NOT NULL")
            }
            #expect(clerk.calls.withLock { $0.map(\.request) } == ["work k699"])
            #expect(
                try await office.count("SELECT count(*) FROM martlet.process_instances WHERE phase = 'early'") == 699)
        }
    }

    @Test func `a command that has only waited for its turn has not been tried`() async throws {
        try await Office.with { office in
            let pool = office.application.pool
            try await pool.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''lock_not_available''; END';
                """)
            try await pool.execute(
                """
                CREATE TRIGGER refuse BEFORE INSERT ON martlet.events
                FOR EACH ROW WHEN (NEW.type = 'board.posted') EXECUTE FUNCTION refuse()
                """)
            try await office.running {
                try await office.begin(.post(on: "b"), ["k"])
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE attempts > 0")
            }
            try await pool.execute("DROP TRIGGER refuse ON martlet.events")
            try await pool.execute(
                "UPDATE martlet.process_effects SET attempts = 1, unfinished = 0, next_try_at = NULL")

            let surroundings = surroundings(of: office, Clerk())
            let running = try await surroundings.turns.take("board-b") {
                let running = try await courier(in: surroundings, of: office)
                // Long enough for a try to be counted, were it counted before its turn.
                try await Task.sleep(for: .milliseconds(500))
                let untried = try await office.count(
                    "SELECT count(*) FROM martlet.process_effects WHERE unfinished = 0")
                #expect(untried == 1)
                return running
            }
            try await office.wait(for: "SELECT true FROM martlet.events WHERE type = 'board.posted'")
            running.cancel()
            await running.value
        }
    }

    @Test func `a call that is cut by a stop is no try that ended the process`() async throws {
        try await Office.with { office in
            for _ in 0..<4 {
                let (asked, feed) = AsyncStream<Void>.makeStream()
                let clerk = Clerk(CallPolicy(timeout: .seconds(60), attempts: 2)) { _, _ in
                    feed.yield()
                    try await Task.sleep(for: .seconds(60))
                    return "too late"
                }
                try await office.colleague(clerk).running {
                    if clerk.calls.withLock(\.isEmpty), try await office.journalled("answered") == 0 {
                        try? await office.begin(.work)
                    }
                    for await _ in asked { break }
                }
                #expect(try await office.count("SELECT max(unfinished + attempts) FROM martlet.process_effects") == 0)
            }
            try await office.running { () async throws in #expect(try await office.waitForEnd() == "completed: done") }
        }
    }
}

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct SuspectTests {
    @Test func `those that may have ended a process do not wait for a silent one`() async throws {
        let clerk = Clerk(CallPolicy(timeout: .seconds(120))) { request, _ in
            if request.hasPrefix("work silent") { try await Task.sleep(for: .seconds(3600)) }
            return "done"
        }
        try await Office.with(clerk) { office in
            let silent = Clerk(CallPolicy(timeout: .seconds(120))) { _, _ in
                try await Task.sleep(for: .seconds(3600))
                return "too late"
            }
            try await office.colleague(silent).running {
                try await office.begin(.work, (0..<20).map { "silent\($0)" })
                try await office.wait(for: "SELECT count(*) = 20 FROM martlet.process_effects")
                try await office.begin(.work, (0..<10).map { "k\($0)" })
                try await office.wait(for: "SELECT count(*) = 30 FROM martlet.process_effects")
            }
            // As if a process had died of all of them.
            try await office.application.pool.execute("UPDATE martlet.process_effects SET attempts = 1, unfinished = 1")
            try await office.running {
                try await office.wait(
                    for: "SELECT count(*) = 10 FROM martlet.process_instances WHERE status = 'completed'")
            }
            #expect(clerk.calls.withLock(\.count) == 30)
        }
    }
}

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct DeadlyProviderTests {
    /// Falls dead when asked for one chore; takes its time for the others.
    static func clerk(isDeadly: Bool) -> Clerk {
        Clerk(CallPolicy(timeout: .seconds(20), attempts: 2)) { request, _ in
            if request == "work deadly" {
                if isDeadly { fatalError("fell dead") }
                return "alive"
            }
            try await Task.sleep(for: .milliseconds(200))
            return "done"
        }
    }

    @Test func `a call that ends the process each time is given up, and those beside it are not`() async throws {
        try await ThrowawayDatabase.with { database in
            let office = Office(database.configuration)
            try await office.application.migrate()
            try await office.begin(.work, ["a", "deadly", "b", "c"])
            // They are there before the first that dies of one; it does not matter whose calls were cut.
            let silent = Clerk(CallPolicy(timeout: .seconds(60), attempts: 2)) { _, _ in
                try await Task.sleep(for: .seconds(60))
                return "too late"
            }
            try await office.colleague(silent).running {
                try await office.wait(for: "SELECT count(*) = 4 FROM martlet.process_effects")
            }
            for _ in 0..<2 {
                await #expect(processExitsWith: .failure) { [name = database.name as String] in
                    let clerk = DeadlyProviderTests.clerk(isDeadly: true)
                    try await Office(.environment.database(name), clerk, lease: .seconds(1)).application.run()
                }
            }
            let last = office.colleague(Self.clerk(isDeadly: true), lease: .seconds(1))
            try await last.running { () async throws in
                #expect(
                    try await office.waitForEnd(of: "deadly")
                        == "completed: failed: the process has ended in each of 2 tries")
                for key in ["a", "b", "c"] { #expect(try await office.waitForEnd(of: key) == "completed: done") }
            }
        }
    }
}
