import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

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

    @Test func `a cancelled caller's append is dropped while it waits`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await holdingTheLog(application) {
                // The first two are sent and wait at the lock; the third waits in the queue.
                let sent = (1...2).map { number in append(to: "\(number)", application.store) }
                try await untilWaitingAtTheLock(sent.count, application)
                let queued = append(to: "3", application.store)
                try await untilQueued(1, application.store)
                queued.cancel()
                let error = await #expect(throws: AppendError.self) { try await queued.value }
                #expect(error?.description == EventStoreError.cancelled.description)
                for task in sent { task.cancel() }
                return sent
            }
            #expect(try await application.store.head() == 2)
        }
    }

    @Test func `an append that cannot be sent in time fails, and what was sent is not given up`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = EventStore(application.pool, limits: .init { $0.patience = .milliseconds(200) })
            try await holdingTheLog(application) {
                let sent = (1...2).map { number in append(to: "\(number)", store) }
                try await untilWaitingAtTheLock(sent.count, application)
                let error = await #expect(throws: AppendError.self) { try await append(to: "3", store).value }
                guard case .failed(.overloaded(waiting: 1, for: .milliseconds(200))) = error else {
                    Issue.record("\(String(describing: error))")
                    return sent
                }
                return sent
            }
            #expect(try await store.head() == 2)
        }
    }

    @Test func `a full queue refuses at once`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = EventStore(application.pool, limits: .init { $0.waiting = 1 })
            try await holdingTheLog(application) {
                let sent = (1...2).map { number in append(to: "\(number)", store) }
                try await untilWaitingAtTheLock(sent.count, application)
                let queued = append(to: "3", store)
                try await untilQueued(1, store)
                let error = await #expect(throws: AppendError.self) { try await append(to: "4", store).value }
                guard case .failed(.overloaded(waiting: 1, for: .zero)) = error else {
                    Issue.record("\(String(describing: error))")
                    return sent
                }
                return sent + [queued]
            }
            #expect(try await store.head() == 3)
        }
    }

    private func append(to key: String, _ store: EventStore) -> Task<Receipt, any Error> {
        Task { try await store.append([.received(cents: 1)], to: Account.ID(key), expecting: .noStream) }
    }

    /// Runs `body` while nobody can append, and then waits for the appends that it returns.
    private func holdingTheLog(
        _ application: Application, _ body: () async throws -> [Task<Receipt, any Error>]
    ) async throws {
        let holder = try await Connection.open(application.pool.configuration)
        let lock: SQL = "1297240692, ('martlet.events'::regclass)::oid::integer"
        try await holder.query("SELECT pg_advisory_lock(\(lock))")
        let appends = try await body()
        try await holder.query("SELECT pg_advisory_unlock(\(lock))")
        for append in appends { _ = try await append.value }
    }

    private func untilWaitingAtTheLock(_ count: Int, _ application: Application) async throws {
        while try await application.pool.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").count
            < count
        { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func untilQueued(_ count: Int, _ store: EventStore) async throws {
        let storage = try #require(store.storage as? PostgresStorage)
        while storage.appender.waitingCount < count { await Task.yield() }
    }
}
