import Martlet
import MartletProjections
import MartletTesting
import Testing

/// Projections that take their time, and appends that must not wait for them.
@Suite(.tags(.database)) struct StallTests {
    @Test func `who is silent for too long in a transaction has made a try, and his event is parked`() async throws {
        try await Depot.open { _ in
            Silent(pause: .milliseconds(2500))
        } _: { depot in
            let silent = depot.application.projection(Silent.self)
            try await depot.running {
                try await depot.move("a", to: "bog")
                try await depot.wait { try await !silent.parkedKeys().isEmpty }
                let key = try #require(try await silent.parkedKeys().first)
                #expect((key.key, key.attempts) == ("parcel-a", 1))
                #expect(key.problem?.contains("25P03") == true || key.problem?.contains("idle") == true)
            }
        }
    }

    @Test func `an inline projection that is silent for too long refuses the append at the second try`() async throws {
        try await ThrowawayDatabase.withApplication {
            Inline(Silent(pause: .milliseconds(1400)))
        } _: { application async throws in
            let start = ContinuousClock.now
            let error = await #expect(throws: AppendError.self) {
                try await application.store.append([.moved(to: "bog")], to: Parcel.ID("a"), expecting: .noStream)
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("without a word to the database"))
            #expect(ContinuousClock.now - start < .seconds(10))
            #expect(try await application.store.head() == 0)
        }
    }

    @Test func `an append that finds the checkpoint held lets others have the log meanwhile`() async throws {
        try await ThrowawayDatabase.with { database in
            let with = Application(postgres: database.configuration) { Inline(Balances()) }
            let without = Application(postgres: database.configuration)
            try await with.migrate()
            let holder = try await Connection.open(database.configuration)
            try await holder.query("BEGIN")
            try await holder.query("SELECT FROM martlet.projection_partitions FOR UPDATE")
            let append = Task {
                try await with.store.append([.counted(by: 1)], to: Counter.ID("a"), expecting: .any)
            }
            var times: [Duration] = []
            for number in 1...40 {
                let start = ContinuousClock.now
                try await without.execute(.counted(by: number), on: Counter.ID("b"))
                times.append(.now - start)
            }
            // Where the lock were held meanwhile, most would have waited a second.
            #expect(times.sorted()[20] < .milliseconds(500))
            try await holder.query("COMMIT")
            #expect(try await append.value.position == 41)
            #expect(try await with.pool.query(Application.balancesDifference).isEmpty)
        }
    }
}

/// Says nothing to the database for a while.
private struct Silent: Projection {
    static let name = "silent"
    static let onFailure = FailurePolicy.park(after: 1)
    let pause: Duration

    func project(_ recorded: Recorded<Parcel>, in transaction: Transaction) async throws {
        try await Task.sleep(for: pause)
        try await transaction.query("SELECT 1")
    }
}
