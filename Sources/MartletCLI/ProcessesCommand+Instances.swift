import FoundationEssentials
import Martlet

extension ProcessesCommand {
    func history(_ name: String, _ key: String, limit: Int) async throws -> History {
        let entries = try await handle(name).history(of: key, limit: limit)
        guard !entries.isEmpty else { throw ProcessOperationError.noInstance(process: name, key: key) }
        return History(process: name, key: key, history: entries, isWhole: entries.count < limit)
    }

    func list(_ name: String, _ filter: InstanceFilter, limit: Int) async throws -> List {
        let process = try handle(name)
        let found = try await process.instances(where: filter, limit: limit)
        var entries: [List.Entry] = []
        for instance in found {
            // Only of those that are stuck it is asked why: there are few.
            let report = filter == .stuck ? try await process.instance(instance.key) : nil
            entries.append(List.Entry(instance: instance, trouble: report?.trouble, waits: report?.waits))
        }
        return List(process: name, instances: entries, isStuck: filter == .stuck, isWhole: found.count < limit)
    }

    struct History: Answer {
        let process: String
        let key: String
        let history: [HistoryEntry]
        let isWhole: Bool

        private enum CodingKeys: String, CodingKey { case process, key, history }

        var lines: [String] {
            var table = TextTable(
                .number("position"), .text("at"), .text("input"), .text("phase"), .text("status"), .text("effects"))
            for entry in history {
                table.add(
                    .number(entry.position.grouped), .text((entry.recordedAt ?? entry.reactedAt).formatted(.iso8601)),
                    .text(entry.input.onOneLine), .text(entry.phase.onOneLine), .text(entry.status.rawValue),
                    .text(entry.ignored.map { "ignored: \($0)" } ?? entry.effects.map(\.words).joined(separator: ", ")))
            }
            return table.lines + (isWhole ? [] : ["and perhaps more: --limit N"])
        }
    }

    struct List: Answer {
        struct Entry: Encodable, Sendable {
            let instance: InstanceSummary
            let trouble: InstanceReport.Trouble?
            let waits: String?
        }

        let process: String
        let instances: [Entry]
        let isStuck: Bool
        let isWhole: Bool

        private enum CodingKeys: String, CodingKey { case process, instances }

        var exitCode: ExitCode { isStuck && !instances.isEmpty ? .failure : .success }

        var lines: [String] {
            guard !instances.isEmpty else { return [isStuck ? "no instance is stuck" : "there is none"] }
            var table = TextTable(
                .text("key"), .text("since"), .text("status"), .text("phase"), .text(isStuck ? "trouble" : ""),
                .text(isStuck ? "what it waits for" : ""))
            for entry in instances {
                table.add(
                    .text(entry.instance.key.onOneLine), .text(entry.instance.since.formatted(.iso8601)),
                    .text(entry.instance.status?.rawValue ?? "not begun"),
                    .text(entry.instance.phase?.onOneLine ?? ""), .text(entry.trouble?.rawValue ?? ""),
                    .text(entry.waits?.onOneLine ?? ""))
            }
            return table.lines + (isWhole ? [] : ["and perhaps more: --limit N"])
        }
    }
}

extension RecordedEffect {
    fileprivate var words: String {
        if kind == .retry, let number { return "step number \(number) again" }
        return "\(kind.rawValue) \(name.onOneLine)" + (target.map { " to \($0)" } ?? "")
    }
}
