import Martlet
import MartletCLI

/// The command `settle`.
struct SettleCommand: Sendable {
    static let syntax = CommandSyntax(
        "settle",
        "waits until every fulfilment has ended or needs an operator, and tells how; the exit code is 1 when some are left",
        options: [
            .value("within", "SECONDS", "how long to wait (default: 600)"),
            .flag("json", "print one JSON object instead of a page"),
        ],
        examples: [
            .init("settle", "while order-service serve is running"),
            .init("settle --within 0", "how do they stand?"),
            .init("settle --json > settled.json", "for a script"),
        ])

    let application: Application
    var interval: Duration = .milliseconds(200)

    static func command(_ application: Application) -> Command {
        Command(syntax) { arguments in
            let report = try await SettleCommand(application: application)
                .run(within: .seconds(try arguments.integer("within", in: 0...86_400) ?? 600))
            StandardStream.output.writeLine(arguments.has("json") ? try report.json : SettlePage(report).text)
            return report.standing.isSettled ? .success : .failure
        }
    }

    /// - Throws: `PostgresError`; `CancellationError`.
    func run(within limit: Duration) async throws -> SettleReport {
        let start = ContinuousClock.now
        var bar = ProgressBar(label: "fulfilling", noun: "orders")
        defer { bar.finish() }
        while true {
            let standing = try await FulfilmentStanding(application)
            let time = ContinuousClock.now - start
            if standing.isSettled || standing.isStuck || time >= limit {
                return try await SettleReport(application, standing, after: time)
            }
            let all = standing.ended + standing.open
            bar.update(items: standing.ended, fraction: Double(standing.ended) / Double(max(1, all)))
            try await Task.sleep(for: min(interval, limit - time))
        }
    }
}
