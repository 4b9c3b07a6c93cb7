import Foundation
import Martlet
import MartletTesting
import Testing

/// Two processes share the work while they are killed, frozen past their leases and cut off, for 20 seconds, or as many
/// as `MARTLET_CHAOS_SECONDS` says.
@Suite(.tags(.database, .slow)) struct ChaosTests {
    private static let duration: Duration = .seconds(
        ProcessInfo.processInfo.environment["MARTLET_CHAOS_SECONDS"].flatMap(Int.init) ?? 20)

    @Test func `whatever is killed, the tables are the fold of the log up to their checkpoints`() async throws {
        try await FixtureDatabase.with { fixture in
            let end = ContinuousClock.now + Self.duration
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await load(fixture, until: end) }
                group.addTask { try await watch(fixture, until: end) }
                for _ in 0..<2 { group.addTask { try await torment(fixture, until: end) } }
                group.addTask { try await cutOff(fixture, until: end) }
                try await group.waitForAll()
            }
            let survivor = try FixtureProcess(on: fixture.database)
            defer { survivor.kill() }
            #expect(try await fixture.catchUp())
            #expect(try await fixture.differences() == (0, 0, 0))
            let parked = try await fixture.application.pool.query("SELECT count(*) FROM martlet.dead_letters")[0]
            #expect(try parked.decode(Int.self) == 0)
        }
    }

    /// Bursts and pauses, so that partitions are behind, level and idle by turns.
    private func load(_ fixture: FixtureDatabase, until end: ContinuousClock.Instant) async throws {
        while end > .now {
            for _ in 0..<Int.random(in: 1...60) { try await fixture.append() }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...200)))
        }
    }

    private func watch(_ fixture: FixtureDatabase, until end: ContinuousClock.Instant) async throws {
        var before = try await fixture.checkpoints()
        while end > .now {
            #expect(try await fixture.differences() == (0, 0, 0))
            let now = try await fixture.checkpoints()
            for (name, (position, epoch)) in before {
                let found = try #require(now[name])
                #expect(found.position >= position && found.epoch >= epoch, "\(name)")
            }
            before = now
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    /// A process that is killed now and then and started again, or frozen for longer than its lease.
    private func torment(_ fixture: FixtureDatabase, until end: ContinuousClock.Instant) async throws {
        var process = try FixtureProcess(on: fixture.database)
        defer { process.kill() }
        while end > .now {
            try await Task.sleep(for: .milliseconds(Int.random(in: 500...3000)))
            #expect(process.isRunning)
            if Bool.random() {
                process.kill()
                _ = try await process.end()
                process = try FixtureProcess(on: fixture.database)
            } else {
                process.send(SIGSTOP)
                try await Task.sleep(for: .milliseconds(Int.random(in: 1200...3000)))
                process.send(SIGCONT)
            }
        }
    }

    private func cutOff(_ fixture: FixtureDatabase, until end: ContinuousClock.Instant) async throws {
        while end > .now {
            try await fixture.application.pool.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = \(FixtureProcess.applicationName)
                ORDER BY random() LIMIT 1
                """)
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...400)))
        }
    }
}

extension Tag {
    @Tag static var slow: Tag
}
