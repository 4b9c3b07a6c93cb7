import Foundation
import Martlet
import MartletTesting
import Testing

/// The same events as ``Counter``'s, with one that ends the fixture's process.
struct Trap: Aggregate {
    static let category = Counter.category
    enum Event: EventPayload {
        case counted(by: Int)
        case trapped
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

@Suite(.tags(.database, .slow)) struct CrashLoopTests {
    @Test func `an event that ends its process each time is parked with its key, and the others go on`() async throws {
        try await FixtureDatabase.with { fixture in
            let application = fixture.application
            for number in 0..<40 { try await application.execute(.counted(by: number), on: Trap.ID("\(number % 8)")) }
            let trapped = try await application.execute(.trapped, on: Trap.ID("3")).position
            for number in 0..<40 { try await application.execute(.counted(by: number), on: Trap.ID("\(number % 8)")) }
            let deaths = try await runUntilParked(fixture)
            // Once before it is suspected, at least, and three times as the event under suspicion.
            #expect((3...6).contains(deaths), "\(deaths)")
            #expect(try await fixture.catchUp())
            let letters = try await application.pool.query(
                """
                SELECT d.key, d.position, d.problem, d.attempts FROM martlet.dead_letters d ORDER BY d.position
                """)
            #expect(letters.count == 6)
            let first = try letters[0].decode(String.self, Int64.self, String?.self, Int32.self)
            #expect(first == ("counter-3", trapped.rawValue, "the process died each time it was projected", 3))
            #expect(try letters.allSatisfy { try $0.decode("key", as: String.self) == "counter-3" })
            let others = try await application.pool.query("SELECT min(events), max(events) FROM read_models.tallies")[0]
            #expect(try others.decode(Int.self, Int.self) == (5, 10))
        }
    }

    /// Starts the process again each time it has ended, until an event is parked and the process stays alive.
    private func runUntilParked(_ fixture: FixtureDatabase) async throws -> Int {
        var deaths = 0
        let environment = ["FIXTURE_TRAPS": "yes", "FIXTURE_LEASE_MILLISECONDS": "500"]
        var process = try FixtureProcess(on: fixture.database, environment: environment)
        let deadline = ContinuousClock.now + .seconds(60)
        while deadline > .now {
            let parked = try await fixture.application.pool.query("SELECT count(*) FROM martlet.dead_letters")[0]
            if try parked.decode(Int.self) > 0, try await fixture.catchUp(within: .seconds(5)) { break }
            if !process.isRunning {
                deaths += 1
                process = try FixtureProcess(on: fixture.database, environment: environment)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        process.kill()
        return deaths
    }
}

/// May not pass an event that cannot be projected.
private struct Unforgiving: Projection {
    static let name = "unforgiving"
    static let onFailure = FailurePolicy.stop(after: 2)

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {}
}

@Suite(.tags(.database)) struct CountedTriesTests {
    /// As the processes left it that an event has ended.
    private func plant(tries: Int32, _ application: Application) async throws {
        try await application.pool.execute(
            """
            UPDATE martlet.projection_partitions
            SET epoch = 5, claimed_position = 0, tried_position = 1, tries = \(tries)
            """)
    }

    @Test(arguments: [(tries: Int32(1), stops: false), (tries: 2, stops: true)])
    func `where it may not be passed, the projection stops before it`(tries: Int32, stops: Bool) async throws {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration, incidents: .init { _ in }) { Unforgiving() }
            try await application.migrate()
            try await plant(tries: tries, application)
            let position = try await application.execute(.counted(by: 1), on: Counter.ID("a")).position
            let running = Task { try await application.run() }
            defer { running.cancel() }
            let projection = application.projection(Unforgiving.self)
            #expect(try await projection.caughtUp(to: position, within: stops ? .seconds(1) : .seconds(10)) != stops)
            guard stops else { return }
            guard case .stopped(let reason) = try await projection.status().state else {
                Issue.record("expected it to have stopped")
                return
            }
            #expect(reason.contains("the process died each time it was projected"), "\(reason)")
        }
    }
}
