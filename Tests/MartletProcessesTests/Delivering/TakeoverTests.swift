import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletProcesses

@Suite(.tags(.database), .timeLimit(.minutes(3))) struct TakeoverTests {
    @Test func `two couriers of the same partition have one effect`() async throws {
        let (asked, feed) = AsyncStream<Void>.makeStream()
        let isAwake = Mutex(false)
        let zombie = Clerk(CallPolicy(timeout: .seconds(60))) { _, _ in
            feed.yield()
            while !isAwake.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(10)) }
            return "zombie"
        }
        try await Office.with(zombie) { office in
            let successor = Clerk { _, _ in "successor" }
            let colleague = office.colleague(successor)
            let run = office.run()
            defer { run.cancel() }
            try await office.begin(.work)
            for await _ in asked { break }
            // As if the first had been asleep past its lease.
            try await office.application.pool.execute(
                """
                UPDATE martlet.projection_leases SET member = '00000000-0000-0000-0000-000000000000',
                    leased_until = clock_timestamp() + interval '1 hour'
                """)
            try await office.application.pool.execute(
                "UPDATE martlet.projection_partitions SET epoch = epoch + 1")
            try await office.application.pool.execute(
                "UPDATE martlet.projection_leases SET member = NULL, leased_until = '-infinity'")
            try await colleague.running {
                #expect(try await office.waitForEnd() == "completed: successor")
                isAwake.withLock { $0 = true }
                // Another chore passes both, so that whatever the first has to say is said.
                try await office.begin(.work, "l")
                _ = try await office.waitForEnd(of: "l")
            }
            run.cancel()
            _ = await run.result
            #expect(
                try await office.count(
                    "SELECT count(*) FROM martlet.events WHERE type = 'chores.answered' AND stream_id = 'chores-k'")
                    == 1)
            #expect(Set(zombie.keys(of: "work k")) == Set(successor.keys(of: "work k")))
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
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in keys.dropLast() {
                    group.addTask {
                        let call = EffectReference(number: 1, round: 1, step: "work", target: "clerk")
                        try await office.journal(
                            .answered(call, answer: #""early""#), key, as: CommandID("chores/\(key)/1.1/end"))
                    }
                }
                try await group.waitForAll()
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

@Suite(.tags(.database), .timeLimit(.minutes(3))) struct DeadlyProviderTests {
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
            // In the first, nothing tells that there was a call; two are counted, the last of them alone.
            for _ in 0..<3 {
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
