import Martlet
import MartletCLI

/// Says on standard error when the database goes away or comes back, and when a read model stands still.
struct HealthWatch: Sendable {
    let health: HealthCheck
    var interval: Duration = .seconds(2)
    var say: @Sendable (String) -> Void = { StandardStream.error.writeLine("order-service: \($0)") }

    /// Looks until the task is cancelled.
    func run() async throws {
        var last = "the database is there"
        while true {
            let now = Self.sentence(await health.report())
            // A question that was cut short says nothing about the database.
            try Task.checkCancellation()
            if now != last { say(now) }
            last = now
            try await Task.sleep(for: interval)
        }
    }

    static func sentence(_ report: HealthCheck.Report) -> String {
        if let problem = report.database.problem {
            return "the database is away, orders are refused until it is back: \(problem)"
        }
        if !report.pendingMigrations.isEmpty {
            return "the database lacks \(report.pendingMigrations.joined(separator: ", ")); run: order-service migrate"
        }
        let errors = report.projections.compactMap { model in model.problem.map { "\(model.name): \($0.onOneLine)" } }
        if !errors.isEmpty { return "a read model stands still: " + errors.joined(separator: "; ") }
        return report.fulfilment?.problem.map { "fulfilments: \($0)" } ?? "the database is there"
    }
}
