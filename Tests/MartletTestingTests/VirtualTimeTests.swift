import Foundation
import Martlet
import MartletTesting
import Testing

/// Waits a month, and is done.
private struct Months: ProcessManager {
    static let name = "months"
    static let partitions = 1

    mutating func react(to input: TripInput) -> [Effect] {
        if case .due = input { [.complete] } else { [.startTimer("month", after: .seconds(30 * 86_400))] }
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
                Processes(Months.self, calling: Hotel())
            }
            try await office.migrate()
            let running = Task { try await office.run() }
            defer { running.cancel() }
            func begin(_ trip: String) async throws {
                let id = Trip.ID(trip)
                let receipt = try await office.store.append([.wanted(nights: 1)], to: id, expecting: .noStream)
                #expect(try await office.process(Months.self).caughtUp(to: receipt, within: .seconds(20)))
            }
            func ended() async throws -> [String] {
                try await office.pool.query(
                    "SELECT instance FROM martlet.process_instances WHERE ended_at IS NOT NULL ORDER BY instance"
                ).map { try $0.decode(String.self) }
            }

            try await begin("a")
            await time.advance(by: .milliseconds(1))
            try await begin("b")
            #expect(try await ended() == [])

            // That "a" has ended says that the timer of "b" was looked at too.
            await time.advance(by: .seconds(30 * 86_400) - .milliseconds(1))
            let moved = ContinuousClock.now
            let first = try await within(.seconds(20)) { try await ended().isEmpty ? nil : ended() }
            #expect(first == ["a"])
            // Woken, rather than by looking from time to time.
            #expect(moved.duration(to: .now) < .seconds(4))
            let due = try await office.pool.query("SELECT due_at FROM martlet.process_timers")
            let dueAt = try #require(due.first).decode("due_at", as: Date.self)
            #expect(abs(dueAt.timeIntervalSince(start) - 2_592_000.001) < 0.000_01)

            await time.advance(by: .milliseconds(1))
            let both = try await within(.seconds(20)) { try await ended().count == 2 ? ended() : nil }
            #expect(both == ["a", "b"])
        }
    }
}
