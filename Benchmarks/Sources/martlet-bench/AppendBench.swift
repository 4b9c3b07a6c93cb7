import Foundation
import Martlet
import MartletTesting

/// Appends of one event each to new streams, by 1, 16 and 64 callers of one process.
struct AppendBench {
    private let settings: Settings
    private static let callers = [1, 16, 64]

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var yardsticks = [1: Measure("pgbench-1", unit: "rows/s"), 16: Measure("pgbench-16", unit: "rows/s")]
        var measures = Self.callers.map { (callers: $0, measure: Measure("append-\($0)")) }
        for _ in 0..<settings.rounds {
            try await ThrowawayDatabase.withApplication { application in
                try await application.pool.execute(Yardstick.table)
                let database = try await application.pool.query("SELECT current_database()")[0].decode(String.self)
                let yardstick = Yardstick(database: database, seconds: settings.seconds)
                for clients in yardsticks.keys.sorted() {
                    yardsticks[clients]?.add(try yardstick.measure(clients: clients))
                }
                for index in measures.indices {
                    measures[index].measure.add(try await append(application.store, callers: measures[index].callers))
                }
            }
        }
        guard let alone = yardsticks[1], let many = yardsticks[16] else { return }
        print(alone.line(yardstick: many))
        print(many.line(yardstick: many))
        for (callers, measure) in measures { print(measure.line(yardstick: callers == 1 ? alone : many)) }
    }

    /// Appends as fast as the callers can for the measurement's time.
    private func append(_ store: EventStore, callers: Int) async throws -> Measurement {
        let clock = ContinuousClock()
        let start = clock.now
        let deadline = start + .seconds(settings.seconds)
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var latencies: [Duration] = []
                    while clock.now < deadline {
                        let id = Parcel.ID(UUID().uuidString)
                        let began = clock.now
                        try await store.append([BenchEvent.event], to: id, expecting: .noStream)
                        latencies.append(clock.now - began)
                    }
                    return latencies
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return Measurement(events: latencies.count, latencies: latencies, in: clock.now - start)
    }
}
