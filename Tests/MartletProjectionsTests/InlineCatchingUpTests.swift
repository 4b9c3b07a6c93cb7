import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct InlineCatchingUpTests {
    /// An application without the projection, and one with it.
    private func withBoth(
        _ body: (_ without: Application, _ with: Application) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let without = Application(postgres: database.configuration)
            let with = Application(postgres: database.configuration) { Inline(Balances()) }
            try await with.migrate()
            try await body(without, with)
        }
    }

    private func fill(_ application: Application, _ count: Int) async throws {
        let events = Array(repeating: Counter.Event.counted(by: 1), count: count)
        try await application.store.append(events, to: Counter.ID("filled"), expecting: .any)
    }

    @Test func `an append catches up on what others appended without the projection`() async throws {
        try await withBoth { without, with in
            try await fill(without, 1000)
            let receipt = try await with.execute(.counted(by: 5), on: Counter.ID("a"))
            #expect(receipt.position == 1001)
            #expect(try await with.inlinePosition("balances") == 1001)
            #expect(try await with.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    @Test func `more than a thousand events behind, appends wait for a run to catch up`() async throws {
        try await withBoth { without, with in
            try await fill(without, 1001)
            let error = await #expect(throws: ExecuteError<Never>.self) {
                try await with.execute(.counted(by: 5), on: Counter.ID("a"))
            }
            guard case .failed(let failure) = error,
                case .inlineProjectionBehind("balances", position: 0, head: 1001) = failure
            else { throw error ?? .failed(.cancelled) }
            #expect(failure.isUnavailability)
            let running = Task { try await with.run() }
            defer { running.cancel() }
            #expect(try await with.caughtUp(to: 1001, within: .seconds(30)))
            try await with.execute(.counted(by: 5), on: Counter.ID("a"))
            #expect(try await with.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    @Test func `an event of the past that it cannot take stops it, and appends say so`() async throws {
        try await withBoth { without, with in
            try await without.execute(.stumbled, on: Counter.ID("a"))
            let error = await #expect(throws: ExecuteError<Never>.self) {
                try await with.execute(.counted(by: 5), on: Counter.ID("b"))
            }
            guard case .failed(.inlineProjectionHalted) = error else { throw error ?? .failed(.cancelled) }
            let running = Task { try await with.run() }
            defer { running.cancel() }
            while try await with.projection(Balances.self).status().state == .running {
                try await Task.sleep(for: .milliseconds(20))
            }
            let status = try await with.projection(Balances.self).status()
            #expect(status.position == 0 && status.parkedKeys == 0)
            #expect(try await with.store.head() == 1)
        }
    }

    /// One program appends without the projection all the time, so that its worker and the appends meet.
    @Test func `the worker and the appends do not get in each other's way`() async throws {
        try await withBoth { without, with in
            let running = Task { try await with.run() }
            defer { running.cancel() }
            let stranger = Task {
                for number in 1...300 { try await without.execute(.counted(by: number), on: Counter.ID("s")) }
            }
            let outcomes = await InlineTests.all(8) { caller in
                for _ in 1..<40 { try await with.execute(.counted(by: 1), on: Counter.ID("\(caller)")) }
                return try await with.execute(.counted(by: 1), on: Counter.ID("\(caller)"))
            }
            #expect(outcomes.compactMap(\.problem).isEmpty)
            try await stranger.value
            #expect(try await with.store.head() == 620)
            #expect(try await with.caughtUp(to: 620, within: .seconds(30)))
            #expect(try await with.pool.query(Application.balancesDifference).isEmpty)
        }
    }
}
