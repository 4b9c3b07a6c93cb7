import Foundation
import Martlet
import MartletTesting

/// Commands by 16 callers, each causing one event: on aggregates of 100 events that are rarely met, and on one aggregate
/// a caller that grows with each command.
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
        let store = application.store
        let cold = try await coldAggregates(application)
        let hot = (0..<Self.callers).map { _ in Account.ID(UUID().uuidString) }
        try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
        for (name, store, aggregates) in [("execute-cold", store, cold), ("execute-hot", store, hot)] {
            try await results.measure(name, unit: "commands/s", beside: "pgbench-16") {
                try await Load(seconds: settings.seconds).measure(
                    (0..<Self.callers).map { number in
                        Commands(store, on: aggregates.share(number, of: Self.callers))
                    })
            }
        }
    }

    private func coldAggregates(_ application: Application) async throws -> [Account.ID] {
        let fill = LogFill(application: application, eventsPerStream: Self.eventsPerAggregate)
        try await fill.fill(to: Self.aggregates * Self.eventsPerAggregate)
        return try await fill.accounts()
    }
}

/// Commands on a caller's own aggregates, one after the other and round again.
private struct Commands: Caller {
    private let store: EventStore
    private let aggregates: [Account.ID]
    private var next = 0

    init(_ store: EventStore, on aggregates: [Account.ID]) {
        self.store = store
        self.aggregates = aggregates
    }

    mutating func call() async throws {
        try await store.execute(.sample, on: aggregates[next])
        next = (next + 1) % aggregates.count
    }
}
