import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct InlineTests {
    @Test func `what a command did is in the read model when it returns, though nothing runs`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
            Inline(UniqueEmails())
        } _: { application async throws in
            for number in 1...20 {
                let receipt = try await application.execute(.counted(by: number), on: Counter.ID("\(number % 3)"))
                let found = try await application.pool.query(Application.balancesDifference)
                #expect(found.isEmpty)
                #expect(try await application.projection(Balances.self).status().position == receipt.position)
            }
            try await application.execute(.registered(email: "a@b"), on: User.ID("ada"))
            let email = try await application.pool.query("SELECT email FROM read_models.user_emails")[0]
            #expect(try email.decode(String.self) == "a@b")
            #expect(try await application.inlinePosition("unique_emails") == 21)
        }
    }

    @Test func `of 32 callers at once one gets the address, and the others hear why they do not`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(UniqueEmails())
        } _: { application async throws in
            let outcomes = await Self.all(32) { number in
                try await application.execute(.registered(email: "ada@x.org"), on: User.ID("\(number)"))
            }
            #expect(outcomes.count { $0.problem == nil } == 1)
            for problem in outcomes.compactMap(\.problem) {
                guard case ExecuteError<Never>.failed(.refusedByProjection(let refusal)) = problem else {
                    throw problem
                }
                #expect(refusal.projection == "unique_emails")
                #expect(refusal.constraint?.contains("email") == true)
            }
            #expect(try await application.store.head() == 1)
            let users = try await application.pool.query("SELECT count(*) FROM read_models.user_emails")[0]
            #expect(try users.decode(Int.self) == 1)
        }
    }

    @Test func `an event that a projection throws on is refused alone, and the rest of its batch is not`() async throws
    {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let outcomes = await Self.all(60) { number in
                let id = Counter.ID("\(number)")
                let event: Counter.Event = number % 20 == 7 ? .stumbled : .counted(by: 1)
                return try await application.store.append([event], to: id, expecting: .noStream)
            }
            let refused = outcomes.indices.filter { outcomes[$0].problem != nil }
            #expect(refused == [7, 27, 47])
            for index in refused {
                guard case AppendError.failed(.refusedByProjection(let refusal))? = outcomes[index].problem else {
                    Issue.record("\(outcomes[index])")
                    continue
                }
                #expect(refusal.cause is Balances.Negative)
            }
            #expect(try await application.store.head() == 57)
            #expect(try await application.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    @Test func `64 callers share commits`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let outcomes = await Self.all(64) { caller in
                var last = Receipt(version: .none, position: .start)
                for _ in 1...10 {
                    last = try await application.store.append(
                        [.counted(by: 1)], to: Counter.ID("\(caller)"), expecting: .exactly(last.version))
                }
                return last
            }
            #expect(outcomes.allSatisfy { $0.problem == nil })
            let commits = try await application.pool.query("SELECT count(DISTINCT xmin::text) FROM martlet.events")[0]
            #expect(try commits.decode(Int.self) < 200)
            #expect(try await application.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    @Test func `a conflict, a closed stream and a known command are told as without a projection`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let (store, id) = (application.store, Counter.ID("a"))
            let first = try await store.append([.counted(by: 1)], to: id, expecting: .noStream, as: "first")
            #expect(try await store.append([.counted(by: 1)], to: id, expecting: .noStream, as: "first").isRepeated)
            await #expect(throws: AppendError.self) {
                try await store.append([.counted(by: 1)], to: id, expecting: .noStream)
            }
            try await store.close(id, expecting: .exactly(first.version))
            let error = await #expect(throws: AppendError.self) {
                try await store.append([.counted(by: 1)], to: id, expecting: .any)
            }
            guard case .failed(.closed) = error else { throw error ?? .failed(.cancelled) }
            try await application.projection(Balances.self).pause(because: "of a test")
            #expect(try await store.append([.counted(by: 1)], to: id, expecting: .noStream, as: "first").isRepeated)
            #expect(try await application.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    @Test func `while it is paused nothing is appended, and afterwards it goes on`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Balances())
        } _: { application async throws in
            let projection = application.projection(Balances.self)
            try await application.execute(.counted(by: 1), on: Counter.ID("a"))
            try await projection.pause(because: "of a test")
            let error = await #expect(throws: ExecuteError<Never>.self) {
                try await application.execute(.counted(by: 2), on: Counter.ID("a"))
            }
            guard case .failed(.inlineProjectionHalted("balances", let reason)) = error else {
                throw error ?? .failed(.cancelled)
            }
            #expect(reason.contains("of a test"))
            #expect(try await application.store.head() == 1)
            try await projection.resume()
            try await application.execute(.counted(by: 2), on: Counter.ID("a"))
            #expect(try await application.pool.query(Application.balancesDifference).isEmpty)
        }
    }

    /// Runs `body` at once for each number below `count`; the results stand by their numbers.
    static func all(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Receipt
    ) async -> [Result<Receipt, any Error>] {
        let tasks = (0..<count).map { number in Task { try await body(number) } }
        var results: [Result<Receipt, any Error>] = []
        for task in tasks { results.append(await task.result) }
        return results
    }
}
