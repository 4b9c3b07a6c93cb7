import Foundation
import Martlet
import MartletTesting
import Testing

/// Waits as many days as the trip has nights, and is done.
private struct Waits: ProcessManager {
    static let name = "waits"
    static let partitions = 1

    mutating func react(to input: TripInput) -> [Effect] {
        guard case .trip(let recorded) = input, case .wanted(let nights) = recorded.event else { return [.complete] }
        return [.startTimer("days", after: .seconds(nights * 86_400))]
    }
}

@Suite(.tags(.database)) struct VirtualTimeTests {
    private func within<Result>(_ limit: Duration, _ body: () async throws -> Result?) async throws -> Result? {
        let deadline = ContinuousClock.now + limit
        while .now < deadline {
            if let result = try await body() { return result }
            try await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    @Test func `a timer of a month fires when the clock is moved, and not a moment before`() async throws {
        try await ThrowawayDatabase.with { database in
            let time = VirtualTime()
            let start = time.now
            let office = Application(postgres: database.configuration, time: time) {
                Processes(Waits.self, calling: Hotel())
            }
            try await office.migrate()
            let running = Task { try await office.run() }
            defer { running.cancel() }
            func begin(_ trip: String, days: Int) async throws {
                let id = Trip.ID(trip)
                let receipt = try await office.store.append([.wanted(nights: days)], to: id, expecting: .noStream)
                #expect(try await office.process(Waits.self).caughtUp(to: receipt, within: .seconds(20)))
            }
            func ended() async throws -> [String] {
                try await office.pool.query(
                    "SELECT instance FROM martlet.process_instances WHERE ended_at IS NOT NULL ORDER BY instance"
                ).map { try $0.decode(String.self) }
            }

            func ended(count: Int) async throws -> [String]? {
                try await within(.seconds(20)) { try await ended().count == count ? ended() : nil }
            }

            try await begin("a", days: 30)
            await time.advance(by: .milliseconds(1))
            try await begin("b", days: 30)
            #expect(try await ended() == [])

            // Behind the look that follows each commit by itself.
            try await Task.sleep(for: .milliseconds(500))
            await time.advance(by: .seconds(30 * 86_400) - .milliseconds(1))
            let moved = ContinuousClock.now
            #expect(try await ended(count: 1) == ["a"])
            // Woken, rather than by looking from time to time.
            #expect(moved.duration(to: .now) < .seconds(4))
            // Timers are looked at one time after the other: what fired with that of "a" has come in before this one.
            try await begin("c", days: 0)
            #expect(try await ended(count: 2) == ["a", "c"])
            let due = try await office.pool.query("SELECT due_at FROM martlet.process_timers")
            let dueAt = try #require(due.first).decode("due_at", as: Date.self)
            #expect(abs(dueAt.timeIntervalSince(start) - 2_592_000.001) < 0.000_01)

            await time.advance(by: .milliseconds(1))
            #expect(try await ended(count: 3) == ["a", "b", "c"])
        }
    }
}
