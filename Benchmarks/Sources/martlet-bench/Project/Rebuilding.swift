import Foundation
import Martlet
import Synchronization

/// Rebuilds of a projection that has caught up and runs on, and what they cost those who use the database meanwhile.
struct Rebuilding {
    let application: Application
    let settings: Settings
    private static let appenders = 16

    /// - Parameter database: one whose log ``Balances`` has caught up with.
    init(of database: PostgresConfiguration, _ settings: Settings) {
        application = Application(postgres: database, connections: 24) { Balances() }
        self.settings = settings
    }

    private var projection: ProjectionHandle { application.projection(Balances.self) }

    /// The new tables from the log's start to their being the ones that are read, and as right as the old ones.
    func rebuild() async throws -> Measurement {
        try await running {
            Memory.forgetPeak()
            let start = ContinuousClock.now
            let report = try await projection.rebuild()
            let elapsed = ContinuousClock.now - start
            guard report.isLive, report.verification == .sameRows else {
                throw CatchUp.Wrong(description: "expected a rebuild with the same rows, found \(report)")
            }
            _ = try await projection.dropPrevious()
            var measurement = Measurement(rate: Double(report.events) / (elapsed / .seconds(1)))
            measurement.peakMemory = Memory.peak
            return measurement
        }
    }

    /// Appends as fast as they go, beside commands at a steady rate, whose latency is the measurement's.
    func load() async throws -> Measurement { try await running { try await appendAndFollow { false } } }

    /// The same while another process rebuilds: what comes after its end is not counted.
    func loadMeanwhile() async throws -> Measurement {
        try await running {
            let rebuild = try await rebuildElsewhere()
            let measurement = try await appendAndFollow { rebuild.outcome != nil }
            while rebuild.outcome == nil { try await Task.sleep(for: .milliseconds(20)) }
            try rebuild.outcome?.get()
            _ = try await projection.dropPrevious()
            return measurement
        }
    }

    private func rebuildElsewhere() async throws -> Ending {
        let name = try await application.pool.query("SELECT current_database()")[0].decode(String.self)
        let worker = try Program([Program.own] + RebuildWorker(database: name).arguments)
        let answer = worker.read()
        guard answer == "ready\n" else { throw Program.Failed(description: "expected \"ready\", found \(answer)") }
        try worker.write("begin\n")
        let ending = Ending()
        // A thread of its own, since those of the tasks are as few as the processors.
        Thread.detachNewThread { ending.wait(for: worker) }
        return ending
    }

    /// How the other process ended, once it has.
    private final class Ending: Sendable {
        private let state = Mutex<Result<Void, any Error>?>(nil)

        var outcome: Result<Void, any Error>? { state.withLock(\.self) }

        func wait(for program: Program) {
            let outcome = Result { _ = try program.finish() }
            state.withLock { $0 = outcome }
        }
    }

    private func appendAndFollow(until isOver: @escaping @Sendable () -> Bool) async throws -> Measurement {
        let appenders = Array(repeating: NewStreams(store: application.store), count: Self.appenders)
        async let appends = Load(seconds: settings.seconds, isOver: isOver).measure(appenders)
        let latencies = try await LiveCommands(application, seconds: settings.seconds).latencies(until: isOver)
        return Measurement(rate: try await appends.rate, latency: Latency(latencies))
    }

    private func running(_ body: () async throws -> Measurement) async throws -> Measurement {
        let running = Task { try await application.run() }
        defer { running.cancel() }
        // It follows before anything is measured.
        guard try await projection.caughtUp(to: try await application.store.head(), within: .seconds(60)) else {
            throw CatchUp.Wrong(description: "\"\(projection.name)\" has not caught up within a minute")
        }
        return try await body()
    }
}
