import Martlet
import MartletTesting

/// Projections of 1,000,000 events of 100,000 accounts from the log's start, and of commands as they come.
struct ProjectBench {
    private let settings: Settings
    private static let eventCount = 1_000_000
    /// What is projected by a statement an event: the log's first part, which is long enough.
    private static let statementCount = 200_000

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        try await ThrowawayDatabase.withApplication { plain in
            try await LogFill(application: plain).fill(to: Self.eventCount)
            try await ThrowawayDatabase.withApplication { mixed in
                try await LogFill(application: mixed, order: .inTurns).fill(to: Self.eventCount)
                let pgbench = try await Pgbench(plain.pool, settings)
                for _ in 0..<settings.rounds {
                    try await measureLive(pgbench, &results)
                    try await measureTables(plain, mixed, &results)
                    try await measureStatements(plain, &results)
                }
            }
        }
        results.write()
    }

    private func measureLive(_ pgbench: Pgbench, _ results: inout Results) async throws {
        try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
        try await ThrowawayDatabase.withApplication {
            Balances()
        } _: { application in
            try await results.measure("project-live", unit: "commands/s", beside: "pgbench-16") {
                try await LiveCommands(application, seconds: settings.seconds).measure()
            }
        }
    }

    private func measureTables(
        _ plain: Application, _ mixed: Application, _ results: inout Results
    ) async throws {
        let copy = CopyOut(application: plain)
        try await results.measure("copy-library", unit: "rows/s") { try await copy.throughLibrary() }
        try await results.measure("copy-psql", unit: "rows/s") { try await copy.throughPsql() }
        let catchUp = CatchUp(database: plain.pool.configuration, events: Self.eventCount)
        try await results.measure("project-catchup", beside: "copy-library", "copy-psql") {
            try await catchUp.inThisProcess { Balances() }
        }
        try await measureRebuilds(plain, &results)
        try await results.measure("project-catchup-mixed", beside: "copy-library", "copy-psql") {
            try await CatchUp(database: mixed.pool.configuration, events: Self.eventCount)
                .inThisProcess { Balances() }
        }
        try await results.measure("project-catchup-2", beside: "project-catchup") {
            try await catchUp.inThisProcess { BalancesInTwo() }
        }
        try await results.measure("project-catchup-2proc", beside: "project-catchup") {
            try await catchUp.inTwoProcesses()
        }
    }

    /// Of what has just caught up.
    private func measureRebuilds(_ plain: Application, _ results: inout Results) async throws {
        let rebuilding = Rebuilding(of: plain.pool.configuration, settings)
        try await results.measure("rebuild", beside: "copy-library", "copy-psql") { try await rebuilding.rebuild() }
        try await results.measure("rebuild-load-without", beside: "pgbench-16") { try await rebuilding.load() }
        try await results.measure("rebuild-load", beside: "rebuild-load-without") {
            try await rebuilding.loadMeanwhile()
        }
        try await LogFill(application: plain).cutBack(to: Self.eventCount)
    }

    private func measureStatements(_ plain: Application, _ results: inout Results) async throws {
        try await results.measure("project-sql", beside: "pgbench-16") {
            try await CatchUp(database: plain.pool.configuration, events: Self.statementCount)
                .inThisProcess { BalancesBySQL() }
        }
    }
}
