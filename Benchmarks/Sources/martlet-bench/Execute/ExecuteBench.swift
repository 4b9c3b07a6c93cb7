import Foundation
import Martlet
import MartletTesting

/// Commands by 16 callers, each causing one event: on aggregates of 100 events, folded from their start or from a
/// snapshot, and on one aggregate a caller whose state is remembered.
struct ExecuteBench {
    private let settings: Settings
    private static let callers = 16
    private static let aggregates = 2000
    private static let eventsPerAggregate = 100

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        for _ in 0..<settings.rounds {
            try await ThrowawayDatabase.withApplication { application in try await measure(application, &results) }
        }
        results.write()
    }

    private func measure(_ application: Application, _ results: inout Results) async throws {
        let pgbench = try await Pgbench(application.pool, settings)
        let cold = try await coldAggregates(application)
        let hot = (0..<Self.callers).map { _ in Account.ID(UUID().uuidString) }
        try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
        let forgetful = EventStore(application.pool, cache: .off)
        let saved = cold.map { SavedAccount.ID($0.key) }
        // Loading takes the snapshots; they are written behind it.
        for id in saved { _ = try await forgetful.load(id) }
        try await measure("execute-cached", application.store, hot, .sample, &results)
        try await measure("execute-cold", forgetful, cold, .sample, &results)
        try await measure("execute-cold-snapshot", forgetful, saved, .sample, &results)
    }

    private func measure<A: Aggregate>(
        _ name: String, _ store: EventStore, _ aggregates: [A.ID], _ command: A.Command, _ results: inout Results
    ) async throws {
        try await results.measure(name, unit: "commands/s", beside: "pgbench-16") {
            try await Load(seconds: settings.seconds).measure(
                (0..<Self.callers).map { number in
                    Commands(store, on: aggregates.share(number, of: Self.callers), command)
                })
        }
    }

    private func coldAggregates(_ application: Application) async throws -> [Account.ID] {
        let fill = LogFill(application: application, eventsPerStream: Self.eventsPerAggregate)
        try await fill.fill(to: Self.aggregates * Self.eventsPerAggregate)
        return try await fill.accounts()
    }
}

/// Commands on a caller's own aggregates, one after the other and round again.
private struct Commands<A: Aggregate>: Caller {
    private let store: EventStore
    private let aggregates: [A.ID]
    private let command: A.Command
    private var next = 0

    init(_ store: EventStore, on aggregates: [A.ID], _ command: A.Command) {
        self.store = store
        self.aggregates = aggregates
        self.command = command
    }

    mutating func call() async throws {
        try await store.execute(command, on: aggregates[next])
        next = (next + 1) % aggregates.count
    }
}
