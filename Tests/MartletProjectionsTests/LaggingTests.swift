import Martlet
import MartletTesting
import Testing

/// Takes its time with every event, and has a transaction open meanwhile.
private struct Sluggish: Projection {
    static let name = "sluggish"
    static let tables = [ReadModelTable("seen", "CREATE TABLE seen (event uuid PRIMARY KEY)")]

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        try await transaction.execute("INSERT INTO seen VALUES (\(recorded.id))")
        try await Task.sleep(for: .milliseconds(100))
    }
}

@Suite(.tags(.database)) struct LaggingTests {
    @Test func `a projection that lags keeps no append waiting`() async throws {
        try await ThrowawayDatabase.withApplication {
            Sluggish()
        } _: { application in
            let running = Task { try await application.run() }
            defer { running.cancel() }
            let first = try await application.execute(.counted(by: 1), on: Counter.ID("first"))
            #expect(try await application.projection(Sluggish.self).caughtUp(to: first))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<16 {
                    group.addTask {
                        for _ in 0..<20 { try await application.execute(.counted(by: 1), on: Counter.ID("\(caller)")) }
                    }
                }
                try await group.waitForAll()
            }
            // Projecting them takes half a minute and more: the appends are done while it is at the first ones.
            let status = try await application.projection(Sluggish.self).status()
            #expect(status.head == 321)
            #expect(status.lag > 200)
            #expect(status.lagTime > .zero)
        }
    }
}
