import Foundation
import Martlet
import MartletTesting
import Testing

/// Two processes share the work while they are killed, frozen past their leases and cut off, for 20 seconds, or as many
/// as `MARTLET_CHAOS_SECONDS` says.
@Suite(.tags(.database)) struct ProcessChaosTests {
    private static let seconds = ProcessInfo.processInfo.environment["MARTLET_CHAOS_SECONDS"].flatMap(Int.init) ?? 20

    @Test func `whatever is killed, each transfer ends once, and no money is lost or made`() async throws {
        try await ThrowawayDatabase.with { database in
            try #require(try await FixtureProcess(on: database, ["migrate"]).end() == 0)
            let audit = TransferAudit(pool: Application(postgres: database.configuration).pool)
            let end = ContinuousClock.now + .seconds(Self.seconds)
            let load = try FixtureProcess(
                on: database, ["load", "\(Self.seconds * 15)", "\(Self.seconds)"], name: "load")
            defer { load.kill() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { try await torment(database, until: end) } }
                group.addTask { try await cutOff(audit, until: end) }
                try await group.waitForAll()
            }
            #expect(try await load.end() == 0)
            let survivor = try FixtureProcess(on: database)
            defer { survivor.kill() }
            let leftovers = try await audit.leftovers(after: .seconds(120))
            #expect(leftovers == [:])
            let findings = try await audit.findings()
            #expect(findings == [:])
            // Of what use would it be if nothing had come to pass?
            let tally = try await audit.tally()
            #expect(!tally.values.contains(0), "\(tally)")
        }
    }

    /// A process that is killed now and then and started again, or frozen for longer than its lease.
    private func torment(_ database: ThrowawayDatabase, until end: ContinuousClock.Instant) async throws {
        var process = try FixtureProcess(on: database)
        defer { process.kill() }
        while end > .now {
            try await Task.sleep(for: .milliseconds(Int.random(in: 200...900)))
            #expect(process.isRunning)
            if Int.random(in: 0..<3) > 0 {
                process.kill()
                _ = try await process.end()
                process = try FixtureProcess(on: database)
            } else {
                process.send(SIGSTOP)
                try await Task.sleep(for: .milliseconds(Int.random(in: 1200...2500)))
                process.send(SIGCONT)
            }
        }
    }

    private func cutOff(_ audit: TransferAudit, until end: ContinuousClock.Instant) async throws {
        while end > .now {
            try await audit.pool.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = \(FixtureProcess.applicationName)
                ORDER BY random() LIMIT 1
                """)
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...500)))
        }
    }
}
