import Martlet
import MartletCLI

/// The command `report`.
struct ReportCommand: Sendable {
    static let syntax = CommandSyntax(
        "report", "compares what is in the topic with what was written; the exit code is 1 where they differ",
        options: [
            .value("within", "SECONDS", "first wait until all is read, for so long (default: 0)"),
            .flag("json", "print one JSON object instead of a page"),
        ],
        examples: [
            .init("report", "while notification-service run is running"),
            .init("report --within 30 --json > letters.json", "for a script"),
        ])

    let service: NotificationService

    static func command(_ service: NotificationService) -> Command {
        Command(syntax) { arguments in
            let report = try await ReportCommand(service: service)
                .run(within: .seconds(try arguments.integer("within", in: 0...86_400) ?? 0))
            StandardStream.output.writeLine(arguments.has("json") ? try report.json : report.page)
            return report.matches ? .success : .failure
        }
    }

    /// - Throws: `StreamingLogError`, `PostgresError`, `CancellationError`.
    func run(within limit: Duration) async throws -> NotificationReport {
        let start = ContinuousClock.now
        var bar = ProgressBar(label: "reading", noun: "messages")
        defer { bar.finish() }
        while true {
            let lags = try await service.log.lag(of: GroupName(Notifications.name))
            let behind = lags.reduce(0) { $0 + Int($1.records) }
            if (behind == 0 && !lags.isEmpty) || .now - start >= limit { break }
            let all = lags.reduce(0) { $0 + Int($1.end.rawValue) }
            bar.update(items: all - behind, fraction: Double(all - behind) / Double(max(1, all)))
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await NotificationReport(
            published: published(), written: written(), open: try await openLetters(), behind: behind())
    }

    /// How many messages of each type are in the topic.
    private func published() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for topic in Notifications.topics {
            for (number, extent) in try await service.log.describe(topic).partitions.enumerated() {
                var next = extent.beginning
                while next < extent.end {
                    let page = try await service.log.fetch(
                        TopicPartition(topic, number), from: next, upTo: FetchLimits(records: 1000))
                    guard let last = page.last else { break }
                    for record in page { counts[record.header("ce_type") ?? "no type", default: 0] += 1 }
                    next = last.offset.next
                }
            }
        }
        return counts
    }

    private func written() async throws -> [NotificationKind: Int] {
        let rows = try await service.pool.query(
            "SELECT kind, count(*) FROM \(NotificationSchema.name).letters GROUP BY kind")
        var counts: [NotificationKind: Int] = [:]
        for row in rows {
            let (kind, count) = try row.decode(String.self, Int.self)
            if let kind = NotificationKind(rawValue: kind) { counts[kind] = count }
        }
        return counts
    }

    private func openLetters() async throws -> Int {
        var open = 0
        for consumer in service.consumers.consumers {
            let status = try await consumer.status()
            open += status.waiting + status.dead
        }
        return open
    }

    private func behind() async throws -> Int {
        try await service.log.lag(of: GroupName(Notifications.name)).reduce(0) { $0 + Int($1.records) }
    }
}
