import Martlet
import MartletCLI
import MartletTesting

/// Fulfilments of orders by a process manager: as many as can be, at half of that, and none at all while 100,000
/// instances sleep.
struct ProcessBench {
    private let settings: Settings
    private static let sleepers = 100_000
    /// Opens connections, has statements planned and fills the window; not counted.
    private static let warmUp = 2

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        for round in 1...settings.rounds {
            let isLast = round == settings.rounds
            try await measureFulfilments(&results, isReported: isLast)
            try await measureSleepers(&results, isReported: isLast)
        }
        results.write()
    }

    /// An application whose sessions have all begun since statements are counted.
    private func withCountedApplication(
        _ till: Till, _ body: (Application, _ counts: Bool) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.withApplication { bare in
            let counts = try await ServerCounters.countStatements(of: bare)
            let application = Application(postgres: bare.pool.configuration) {
                Processes(Fulfilment.self, calling: till, Carrier())
            }
            try await application.migrate()
            try await body(application, counts)
        }
    }

    private func measureFulfilments(_ results: inout Results, isReported: Bool) async throws {
        let till = Till()
        try await withCountedApplication(till) { application, counts in
            let pgbench = try await Pgbench(application.pool, settings)
            try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
            let load = FulfilmentLoad(application: application, till: till)
            let running = Task { try await application.run() }
            defer { running.cancel() }
            var rate = 0.0
            try await results.measure("process-throughput", unit: "fulfilments/s", beside: "pgbench-16") {
                try await load.saturate(for: Self.warmUp)
                Memory.forgetPeak()
                let before = try await ServerCounters.now(of: application, countsStatements: counts)
                let start = try await load.now()
                try await load.saturate(for: settings.seconds)
                let end = try await load.now()
                let spent = try await ServerCounters.now(of: application, countsStatements: counts).since(before)
                var measurement = try await load.fulfilled(from: start, to: end)
                measurement.peakMemory = Memory.peak
                rate = measurement.rate
                if isReported {
                    let count = Int(measurement.rate * end.timeIntervalSince(start))
                    CostReport(spent: spent, count: count, noun: "fulfilments").write("process-throughput")
                }
                return measurement
            }
            try await load.settle()
            try await results.measure("process-latency", unit: "fulfilments/s", beside: "process-throughput") {
                let half = max(1, Int(rate / 2))
                try await load.place(perSecond: half, for: 1)
                let start = try await load.now()
                try await load.place(perSecond: half, for: settings.seconds)
                return try await load.fulfilled(from: start, to: try await load.now())
            }
            try await load.settle()
            try await load.check()
        }
    }

    private func measureSleepers(_ results: inout Results, isReported: Bool) async throws {
        try await withCountedApplication(Till()) { application, counts in
            let sleepers = Sleepers(application: application, count: Self.sleepers)
            try await sleepers.place()
            Memory.forgetPeak()
            let running = Task { try await application.run() }
            defer { running.cancel() }
            try await results.measure("process-starts", unit: "instances/s", beside: "pgbench-16") {
                var measurement = try await sleepers.start()
                measurement.peakMemory = Memory.peak
                return measurement
            }
            try await results.measure("process-idle", unit: "statements/s", beside: "pgbench-16") {
                // The timers' rows are looked at once more when the last ones have been written.
                try await Task.sleep(for: .seconds(Self.warmUp))
                Memory.forgetPeak()
                let begun = ContinuousClock.now
                let before = try await ServerCounters.now(of: application, countsStatements: counts)
                try await Task.sleep(for: .seconds(settings.seconds))
                let spent = try await ServerCounters.now(of: application, countsStatements: counts).since(before)
                let elapsed = (ContinuousClock.now - begun) / .seconds(1)
                if isReported {
                    CostReport(spent: spent, count: Int(elapsed.rounded()), noun: "seconds").write("process-idle")
                }
                var measurement = Measurement(rate: Double(counts ? spent.calls : spent.commits) / elapsed)
                measurement.peakMemory = Memory.peak
                return measurement
            }
        }
    }
}
