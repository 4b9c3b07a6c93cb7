import Foundation
import Martlet

/// Projects a log from its start, each time into new tables, and looks whether the tables say what the log says.
struct CatchUp {
    let database: PostgresConfiguration
    let events: Int

    struct Wrong: Error, CustomStringConvertible { let description: String }

    /// In this process; the time begins with the application's run.
    func inThisProcess(@ApplicationBuilder _ part: () -> [ApplicationPart]) async throws -> Measurement {
        let application = Application(postgres: database, parts: part)
        try await begin(application)
        Memory.forgetPeak()
        let start = ContinuousClock.now
        let running = Task { try await application.run() }
        defer { running.cancel() }
        return try await finish(application.projections[0], of: application, since: start)
    }

    /// In other processes that share its two partitions; the time begins when they have both said that they are there.
    func inTwoProcesses() async throws -> Measurement {
        let application = Application(postgres: database) { BalancesInTwo() }
        try await begin(application)
        let name = try await application.pool.query("SELECT current_database()")[0].decode(String.self)
        let workers = try (0..<2).map { _ in try Program([Program.own] + ProjectWorker(database: name).arguments) }
        for worker in workers {
            let answer = worker.read()
            guard answer == "ready\n" else { throw Program.Failed(description: "expected \"ready\", found \(answer)") }
        }
        let start = ContinuousClock.now
        for worker in workers { try worker.write("begin\n") }
        var measurement = try await finish(application.projection(BalancesInTwo.self), of: application, since: start)
        for worker in workers { try worker.write("end\n") }
        measurement.peakMemory = try workers.compactMap { try Int($0.finish().filter(\.isNumber)) }.max()
        return measurement
    }

    private func begin(_ application: Application) async throws {
        for stage in ["", "_building", "_previous"] {
            let tables = try SQLIdentifier("\(application.readModels)\(stage)")
            try await application.pool.execute("DROP SCHEMA IF EXISTS \(tables) CASCADE")
        }
        try await application.pool.execute("DELETE FROM \(application.schema).projection_builds")
        try await application.migrate()
        // What the measure before has left to be written does not meet this one.
        try await application.pool.execute("CHECKPOINT")
    }

    private func finish(
        _ projection: ProjectionHandle, of application: Application, since start: ContinuousClock.Instant
    ) async throws -> Measurement {
        let end = GlobalPosition(rawValue: Int64(events))
        guard try await projection.caughtUp(to: end, within: .seconds(600)) else {
            throw Wrong(description: "\"\(projection.name)\" has not caught up within ten minutes")
        }
        let elapsed = ContinuousClock.now - start
        let projected = try await application.pool.query(
            "SELECT coalesce(sum(events), 0)::bigint FROM \(application.readModels).balances")[0].decode(Int.self)
        // Where only the log's first part is asked for, the last batch goes on beyond it.
        guard projected >= events else {
            throw Wrong(
                description: "\"\(projection.name)\": expected \(events) events in the table, found \(projected)")
        }
        var measurement = Measurement(rate: Double(events) / (elapsed / .seconds(1)))
        measurement.peakMemory = Memory.peak
        return measurement
    }
}
