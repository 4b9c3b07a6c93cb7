import Martlet
import MartletTesting

/// A database on which one program after the other is deployed.
struct ErrandOffice: Sendable {
    let database: ThrowawayDatabase
    /// Appends and asks, and runs nothing.
    let clerk: Application

    static func with(_ body: (ErrandOffice) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let clerk = Application(postgres: database.configuration, connections: 8)
            try await clerk.migrate()
            try await body(ErrandOffice(database: database, clerk: clerk))
        }
    }

    func program(_ processes: Processes) async throws -> Application {
        let program = Application(
            postgres: database.configuration, connections: 8, incidents: IncidentReport { _ in }
        ) { processes }
        try await program.migrate()
        return program
    }

    /// Runs a program while the body does, and until all that it does has ended.
    func running(_ processes: Processes, _ body: (Application) async throws -> Void) async throws {
        let program = try await program(processes)
        let running = Task { try await program.run() }
        defer { running.cancel() }
        try await body(program)
        running.cancel()
        _ = await running.result
    }

    @discardableResult
    func ask(_ key: String, _ wishes: Wish...) async throws -> Receipt {
        try await clerk.execute(.ask(wishes), on: Desk.ID(key))
    }

    @discardableResult
    func tell(_ key: String, _ wishes: Wish...) async throws -> Receipt {
        try await clerk.execute(.tell(wishes), on: Desk.ID(key))
    }

    /// Waits until a query's count is as expected; the last one found.
    func count(_ query: SQL, becomes expected: Int, within limit: Duration = .seconds(20)) async throws -> Int {
        let deadline = ContinuousClock.now + limit
        while true {
            let found = try await clerk.pool.query("SELECT count(*) FROM (\(query)) q")[0].decode(Int.self)
            if found == expected || deadline < .now { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func instance(_ key: String) async throws -> (status: String, version: Int, phase: String, state: String)? {
        try await clerk.pool.query(
            """
            SELECT status, state_version, phase, state::text FROM martlet.process_instances WHERE instance = \(key)
            """
        ).first.map { row in
            let (status, version, phase, state) = try row.decode(String.self, Int32.self, String.self, String.self)
            return (status, Int(version), phase, state)
        }
    }

    /// The keys that are parked, with how many events each.
    func parked() async throws -> [String: Int] {
        let rows = try await clerk.pool.query(
            "SELECT key, count(*) FROM martlet.dead_letters WHERE state = 'parked' GROUP BY key")
        return Dictionary(uniqueKeysWithValues: try rows.map { row in try row.decode(String.self, Int.self) })
    }
}
