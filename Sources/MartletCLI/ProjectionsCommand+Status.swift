import Martlet

extension ProjectionsCommand {
    func status(_ name: String?, partitions: Bool) async throws -> Statuses {
        var statuses: [ProjectionStatus] = []
        for handle in try handles(name) { statuses.append(try await handle.status()) }
        return Statuses(kind: kind, statuses: statuses, showsPartitions: partitions)
    }

    func pause(_ name: String, because reason: String) async throws -> Changed {
        try await handle(name).pause(because: reason)
        return Changed(status: try await handle(name).status(), what: "paused")
    }

    func resume(_ name: String) async throws -> Changed {
        try await handle(name).resume()
        return Changed(status: try await handle(name).status(), what: "resumed")
    }

    /// What was done to one, and how it is doing now.
    struct Changed: Answer {
        let status: ProjectionStatus
        let what: String

        var lines: [String] { ["\(what) \"\(status.name)\" at position \(status.position.grouped)"] }

        func encode(to encoder: any Encoder) throws { try status.encode(to: encoder) }
    }

    struct Statuses: Answer {
        let kind: Kind
        let statuses: [ProjectionStatus]
        let showsPartitions: Bool

        func encode(to encoder: any Encoder) throws { try [kind.plural: statuses].encode(to: encoder) }

        /// Paused is what somebody wanted.
        var exitCode: ExitCode { statuses.contains(where: \.wantsSomebody) ? .failure : .success }

        var lines: [String] {
            guard !statuses.isEmpty else { return ["the application has no \(kind.plural)"] }
            var table = TextTable(
                .text(kind.rawValue), .text("state"), .number("position"), .number("lag"), .number("behind"),
                .number("events/s"), .number("parked keys"), .text(showsPartitions ? "worked on by" : ""))
            for status in statuses {
                table.add(
                    .text(status.name), .text(status.isUnattended ? "unattended" : status.state.name),
                    .number(status.position.grouped),
                    .number(Int(status.lag).grouped), .number(status.lagTime.rounded),
                    .number(Int(status.rate).grouped), .number(status.parkedKeys.grouped), .text(""))
                if showsPartitions { for partition in status.partitions { table.add(partition) } }
            }
            let notes = statuses.flatMap { $0.notes(kind.plural) }
            return table.lines + (notes.isEmpty ? [] : [""] + notes)
        }
    }
}

extension TextTable {
    fileprivate mutating func add(_ partition: ProjectionStatus.Partition) {
        add(
            .text("  partition \(partition.number)"), .text(""), .number(partition.position.grouped),
            .number(Int(partition.lag).grouped), .number(partition.lagTime.rounded),
            .number(Int(partition.rate).grouped), .number(""),
            .text(partition.member.map { $0.text } ?? "nobody"))
    }
}

extension ProjectionStatus {
    fileprivate var isStopped: Bool {
        if case .stopped = state { true } else { false }
    }

    /// Whether it should run, is behind, and no process works on it.
    fileprivate var isUnattended: Bool { state == .running && lag > 0 && partitions.allSatisfy { $0.member == nil } }

    fileprivate var wantsSomebody: Bool {
        if case .awaitingRebuild = state { return true }
        return isStopped || isUnattended || parkedKeys > 0
    }

    /// What somebody should know or do, a line each.
    /// - Parameter command: what an operator would call.
    fileprivate func notes(_ command: String) -> [String] {
        var notes: [String] = []
        if let reason = state.reason { notes.append("\(name) is \(state.name): \(reason.onOneLine)") }
        if isUnattended { notes.append("\(name) is behind, and no process works on it") }
        if isStopped { notes.append("  mend what is wrong, then: \(command) resume \(name)") }
        for partition in partitions where !isStopped {
            guard let error = partition.lastError else { continue }
            notes.append("\(name), partition \(partition.number), is trying again: \(error.onOneLine)")
        }
        let parked = parkedKeys.counted("parked key")
        if parkedKeys > 0 { notes.append("\(name) has \(parked): \(command) parked \(name)") }
        return notes
    }
}

extension GlobalPosition {
    var grouped: String { Int(rawValue).grouped }
}

extension Duration {
    /// In the largest unit that fits: `0 s`, `4.2 s`, `3 min`, `5 h`, `2 d`.
    var rounded: String {
        let seconds = self / .seconds(1)
        return switch seconds {
        case ..<0.05: "0 s"
        case ..<10: "\((seconds * 10).rounded() / 10) s"
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86_400).grouped) d"
        }
    }
}
