import Foundation
import Martlet
import MartletTesting

/// Appends by 1 to 256 callers: to new streams, to existing ones, ten events at once, and from two processes.
struct AppendBench {
    private let settings: Settings
    private var load: Load { Load(seconds: settings.seconds) }
    private static let existingStreams = 100_000

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        for _ in 0..<settings.rounds {
            try await ThrowawayDatabase.withApplication { application in
                try await measureNewStreams(application, &results)
            }
            try await ThrowawayDatabase.withApplication { application in
                try await measureExistingStreams(application, &results)
            }
        }
        results.write()
    }

    private func measureNewStreams(_ application: Application, _ results: inout Results) async throws {
        let store = application.store
        let pgbench = try await Pgbench(application.pool, settings)
        // Each yardstick stands just before what is measured by it.
        try await results.measure("pgbench-1", unit: "rows/s") { try await pgbench.measure(clients: 1) }
        try await results.measure("append-1", beside: "pgbench-1") {
            try await load.measure([OwnStreams(store, [Account.ID(UUID().uuidString)], at: .none)])
        }
        try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
        for count in [16, 64, 256] {
            try await results.measure("append-\(count)", beside: "pgbench-16") {
                try await load.measure(Array(repeating: NewStreams(store: store), count: count))
            }
        }
        try await results.measure("pgbench-16x10", unit: "rows/s") {
            try await pgbench.measure(clients: 16, rowsPerInsert: 10)
        }
        try await results.measure("append-10", beside: "pgbench-16x10") {
            let caller = NewStreams(store: store, events: Array(repeating: .sample, count: 10))
            return try await Load(seconds: settings.seconds, eventsPerCall: 10)
                .measure(Array(repeating: caller, count: 16))
        }
        try await measureProcesses(application, &results)
    }

    private func measureProcesses(_ application: Application, _ results: inout Results) async throws {
        let processes = AppendProcesses(
            database: try await application.pool.query("SELECT current_database()")[0].decode(String.self),
            seconds: settings.seconds)
        try await results.measure("append-128", beside: "pgbench-16") { try processes.measure(1, callers: 128) }
        try await results.measure("append-2proc", beside: "append-128") { try processes.measure(2, callers: 64) }
    }

    private func measureExistingStreams(_ application: Application, _ results: inout Results) async throws {
        let fill = LogFill(application: application, eventsPerStream: 1)
        try await fill.fill(to: Self.existingStreams)
        let streams = try await fill.accounts()
        try await results.measure("append-256-existing", beside: "pgbench-16") {
            try await load.measure(
                (0..<256).map {
                    OwnStreams(application.store, streams.share($0, of: 256), at: StreamVersion(rawValue: 1))
                })
        }
    }
}
