import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct GroupCommitTests {
    @Test func `appends that arrive together share commits`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let id = Account.ID("\(number)")
                        try await application.store.append([.received(cents: 1)], to: id, expecting: .noStream)
                    }
                }
                try await group.waitForAll()
            }
            let commits = try await application.pool.query("SELECT count(DISTINCT xmin::text) FROM martlet.events")[0]
            #expect(try commits.decode(Int.self) < 100)
            #expect(try await application.store.head() == 200)
        }
    }

    @Test func `an append that the server refuses fails alone among 200`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await application.pool.execute(
                """
                ALTER TABLE martlet.events ADD CONSTRAINT events_no_thirteen
                CHECK (payload->>'cents' <> '13')
                """)
            let failures: [PostgresError] = try await withThrowingTaskGroup(of: PostgresError?.self) { group in
                for number in 0..<200 {
                    group.addTask { try await refusal(of: number, application.store) }
                }
                return try await group.reduce(into: []) { if let error = $1 { $0.append(error) } }
            }
            #expect(failures.map(\.constraint) == ["events_no_thirteen"])
            #expect(try await application.store.head() == 199)
        }
    }

    @Sendable private func refusal(of number: Int, _ store: EventStore) async throws -> PostgresError? {
        do throws(AppendError) {
            try await store.append([.received(cents: number)], to: Account.ID("\(number)"), expecting: .noStream)
            return nil
        } catch {
            guard case .failed(.database(let refusal)) = error else { throw error }
            return refusal
        }
    }

    @Test func `a caller that is cancelled does not take the append with it`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let caller = Task {
                try await application.store.append([.received(cents: 1)], to: Account.ID("ada"), expecting: .noStream)
            }
            caller.cancel()
            #expect(try await caller.value == Receipt(version: 1, position: 1))
            #expect(try await application.store.head() == 1)
        }
    }
}
