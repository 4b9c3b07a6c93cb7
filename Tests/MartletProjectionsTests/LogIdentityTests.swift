import Martlet
import MartletTesting
import Testing

@testable import MartletProjections

@Suite(.tags(.database)) struct LogIdentityTests {
    /// Projects ten events, does something to the log, runs again, and says why the projection has stopped.
    private func reasonToStop(after change: SQL, _ crowd: Crowd) async throws -> String? {
        let first = crowd.member()
        let last = try await crowd.append(10)
        #expect(try await crowd.projection.caughtUp(to: last))
        first.cancel()
        _ = await first.result
        try await crowd.execute(change)
        let second = crowd.member()
        defer { second.cancel() }
        let deadline = ContinuousClock.now + .seconds(5)
        while deadline > .now {
            if case .stopped(let reason) = try await crowd.projection.status().state { return reason }
            try await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    @Test func `a log that ends before the checkpoint stops the projection`() async throws {
        try await Crowd.with { crowd in
            let reason = try await reasonToStop(after: "DELETE FROM martlet.events WHERE position > 7", crowd)
            let found = try #require(reason)
            #expect(found.hasPrefix("the log ends at 7, before the checkpoint at 10 of partition "), "\(found)")
            #expect(try await crowd.shares() == [])
            #expect(try await crowd.total() == 10)
        }
    }

    @Test func `another event where one was seen stops the projection`() async throws {
        try await Crowd.with { crowd in
            let reason = try await reasonToStop(
                after: """
                    UPDATE martlet.events SET event_id = '00000000-0000-0000-0000-000000000001' WHERE position = 10
                    """, crowd)
            let found = try #require(reason)
            let problem = "at position 10, where the log has 00000000-0000-0000-0000-000000000001"
            #expect(found.contains(problem), "\(found)")
        }
    }

    @Test func `an archived event still is where it was seen`() async throws {
        try await Crowd.with { crowd in
            let first = crowd.member()
            let before = try await crowd.append(10)
            #expect(try await crowd.projection.caughtUp(to: before))
            first.cancel()
            _ = await first.result
            let last = try await crowd.append(1)
            try await crowd.execute(
                """
                WITH gone AS (DELETE FROM ONLY martlet.events WHERE position <= 10 RETURNING *)
                INSERT INTO martlet.archived_events SELECT * FROM gone
                """)
            let second = crowd.member()
            defer { second.cancel() }
            #expect(try await crowd.projection.caughtUp(to: last))
        }
    }
}
