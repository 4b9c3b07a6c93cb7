import Martlet
import MartletTesting

/// Readings of a whole log of 1,000,000 events in its order; each is one pass, however long it takes.
///
/// Latencies are those of 1,000 events.
struct ReadBench {
    private let settings: Settings
    private static let eventCount = 1_000_000
    private static let readings: [any LogReading] = [StoredReading(), DecodedReading()]

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        try await ThrowawayDatabase.withApplication { application in
            try await LogFill(application: application, ordersInTen: 4).fill(to: Self.eventCount)
            for _ in 0..<settings.rounds { try await measure(application, &results) }
        }
        results.write()
    }

    private func measure(_ application: Application, _ results: inout Results) async throws {
        let copy = CopyOut(application: application)
        try await results.measure("copy-library", unit: "rows/s") { try await copy.throughLibrary() }
        try await results.measure("copy-psql", unit: "rows/s") { try await copy.throughPsql() }
        for reading in Self.readings {
            try await results.measure(reading.name, beside: "copy-library", "copy-psql") {
                var pace = Pace()
                try await reading.read(application.store, &pace)
                return pace.measurement
            }
        }
    }
}
