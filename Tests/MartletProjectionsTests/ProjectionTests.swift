import Martlet
import MartletTesting
import Testing

struct Counter: Aggregate {
    static let category = "counter"
    enum Event: EventPayload {
        case counted(by: Int)
        case stumbled
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// Adds up without looking: an event projected twice, or not at all, shows.
struct Totals: Projection {
    static let name = "totals"
    static let onFailure = FailurePolicy.stop(after: 3)
    struct Stumbled: Error {}

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        switch recorded.event {
        case .counted(let amount):
            try await transaction.execute("UPDATE totals SET n = n + \(amount), events = events + 1")
        case .stumbled: throw Stumbled()
        }
    }
}

/// Writes down what an append of its own would carry.
struct Causes: Projection {
    static let name = "causes"

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        let ambient = Metadata.ambient
        try await transaction.execute(
            "INSERT INTO causes VALUES (\(recorded.id), \(ambient.causationID), \(ambient.correlationID))")
    }
}

@Suite(.tags(.database)) struct ProjectionTests {
    @Test func `what a projection appends is caused by its event`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration) { Causes() }
            try await application.migrate()
            try await application.pool.execute("CREATE TABLE causes (event uuid, causation text, correlation text)")
            let receipt = try await application.execute(
                .counted(by: 1), on: Counter.ID("a"), metadata: ["correlation": "request 7"])
            let running = Task { try await application.run() }
            defer { running.cancel() }
            #expect(try await application.caughtUp(to: receipt.position))
            let found = try await application.pool.query("SELECT causation = event::text, correlation FROM causes")[0]
            #expect(try found.decode(Bool.self, String.self) == (true, "request 7"))
        }
    }

    private func make(_ database: ThrowawayDatabase) async throws -> Application {
        let application = Application(postgres: database.configuration) { Totals() }
        try await application.migrate()
        return application
    }

    private func createTable(_ application: Application) async throws {
        try await application.pool.execute("CREATE TABLE totals (n int8 NOT NULL, events int8 NOT NULL)")
        try await application.pool.execute("INSERT INTO totals VALUES (0, 0)")
    }

    private func totals(_ application: Application) async throws -> (Int, Int) {
        try await application.pool.query("SELECT n, events FROM totals")[0].decode(Int.self, Int.self)
    }

    /// Runs the applications' projections while `body` does, and not longer.
    private func running(_ applications: [Application], _ body: () async throws -> Void) async throws {
        let runs = applications.map { application in Task { try await application.run() } }
        defer { for run in runs { run.cancel() } }
        try await body()
    }

    @Test func `every event reaches the read model once, in two processes' worth of runners`() async throws {
        try await ThrowawayDatabase.with { database in
            let applications = [try await make(database), try await make(database)]
            try await createTable(applications[0])
            try await running(applications) {
                var last = GlobalPosition.start
                for number in 1...300 {
                    last = try await applications[number % 2].execute(
                        .counted(by: number), on: Counter.ID("\(number % 7)")
                    ).position
                }
                #expect(try await applications[0].caughtUp(to: last, within: .seconds(30)))
            }
            #expect(try await totals(applications[0]) == (300 * 301 / 2, 300))
        }
    }

    @Test func `ended sessions neither double nor lose an event`() async throws {
        try await ThrowawayDatabase.with { database in
            let applications = [try await make(database), try await make(database)]
            try await createTable(applications[0])
            var last = GlobalPosition.start
            for _ in 1...200 { last = try await applications[0].execute(.counted(by: 1), on: Counter.ID("a")).position }
            let killer = try await Connection.open(database.configuration)
            try await running(applications) {
                for _ in 0..<60 {
                    try await killer.query(
                        """
                        SELECT pg_terminate_backend(pid), pg_sleep(0.01) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND backend_type = 'client backend' ORDER BY random() LIMIT 1
                        """)
                    last = try await append(to: applications[0])
                }
                #expect(try await applications[1].caughtUp(to: last, within: .seconds(30)))
            }
            #expect(try await totals(applications[0]) == (260, 260))
        }
    }

    /// Appends one event, and again only when it certainly was not written.
    private func append(to application: Application) async throws -> GlobalPosition {
        while true {
            do throws(ExecuteError<Never>) {
                return try await application.execute(.counted(by: 1), on: Counter.ID("a")).position
            } catch {
                guard case .failed(let failure) = error, failure.isUnavailability else { throw error }
            }
        }
    }

    @Test func `a projection that may not pass an event stops before it, and says why`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = try await make(database)
            try await createTable(application)
            try await application.execute(.counted(by: 1), on: Counter.ID("a"))
            try await application.execute(.counted(by: 2), on: Counter.ID("b"))
            let bad = try await application.execute(.stumbled, on: Counter.ID("c")).position
            try await application.execute(.counted(by: 4), on: Counter.ID("d"))
            try await running([application]) {
                #expect(
                    try await application.caughtUp(to: GlobalPosition(rawValue: bad.rawValue - 1), within: .seconds(30))
                )
                while try await application.projection(Totals.self).status().state == .running {
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(try await !application.caughtUp(to: bad, within: .milliseconds(300)))
                let status = try #require(try await application.projectionStatuses().first)
                #expect(status.position == 2)
                #expect(status.lag == 2)
                #expect(status.lastError?.contains("Stumbled") == true)
            }
            #expect(try await totals(application) == (3, 2))
        }
    }

    @Test func `a hole in the log stops the application`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = try await make(database)
            try await createTable(application)
            for _ in 1...3 { try await application.execute(.counted(by: 1), on: Counter.ID("a")) }
            try await application.pool.execute("DELETE FROM martlet.events WHERE position = 2")
            let error = await #expect(throws: EventStoreError.self) { try await application.run() }
            guard case .hole(expected: 2, found: 3) = error else { throw error ?? .corrupt("no error") }
        }
    }

    @Test func `an append wakes the projection long before it would look by itself`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = try await make(database)
            try await createTable(application)
            try await running([application]) {
                let first = try await application.execute(.counted(by: 1), on: Counter.ID("a")).position
                #expect(try await application.caughtUp(to: first, within: .seconds(30)))
                let clock = ContinuousClock()
                var fastest = Duration.seconds(60)
                for _ in 0..<10 {
                    let last = try await application.execute(.counted(by: 1), on: Counter.ID("a")).position
                    fastest = min(fastest, try await clock.measure { _ = try await application.caughtUp(to: last) })
                }
                // The poll behind the notifications comes every second; ten in a row cannot all be just before one.
                #expect(fastest < .milliseconds(200))
            }
        }
    }
}

extension Tag {
    @Tag static var database: Tag
}
