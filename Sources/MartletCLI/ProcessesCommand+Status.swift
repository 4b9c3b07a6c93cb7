import FoundationEssentials
import Martlet

extension ProcessesCommand {
    func overview(_ name: String?) async throws -> Overview {
        var statuses: [ProcessStatus] = []
        for process in try name.map({ [try handle($0)] }) ?? application.processes {
            statuses.append(try await process.status())
        }
        return Overview(processes: statuses)
    }

    /// What was done to a process manager, and how it is doing now.
    struct Changed: Answer {
        let process: ProcessStatus
        let what: String

        var lines: [String] { ["\(what) \"\(process.name)\" at position \(process.follower.position.grouped)"] }

        func encode(to encoder: any Encoder) throws { try process.encode(to: encoder) }
    }

    struct Overview: Answer {
        let processes: [ProcessStatus]

        var exitCode: ExitCode { processes.contains(where: \.wantsSomebody) ? .failure : .success }

        var lines: [String] {
            guard !processes.isEmpty else { return ["the application has no process managers"] }
            var table = TextTable(
                .text("process"), .text("state"), .number("lag"), .number("running"), .number("compensating"),
                .number("completed"), .number("compensated"), .number("parked"), .number("stuck"))
            for status in processes {
                table.add(
                    .text(status.name), .text(status.isUnattended ? "unattended" : status.follower.state.name),
                    .number(Int(status.follower.lag).grouped), .number(status[.running].grouped),
                    .number(status[.compensating].grouped), .number(status[.completed].grouped),
                    .number(status[.compensated].grouped),
                    .number((status.parkedEffects + status.parkedInstances).grouped), .number(status.stuck.grouped))
            }
            let notes = processes.flatMap(\.notes)
            return table.lines + (notes.isEmpty ? [] : [""] + notes)
        }
    }
}

extension ProcessStatus {
    fileprivate var isStopped: Bool {
        if case .stopped = follower.state { true } else { false }
    }

    /// Whether it should run, has something to do, and no process works on it.
    fileprivate var isUnattended: Bool {
        follower.state == .running && (follower.lag > 0 || effects > parkedEffects || isTimerLate)
            && follower.partitions.allSatisfy { $0.member == nil }
    }

    /// By this computer's clock, which may differ a little from the database's.
    private var isTimerLate: Bool {
        nextDue.map { $0 < Date.now.addingTimeInterval(-60) } ?? false
    }

    fileprivate var wantsSomebody: Bool { isStopped || isUnattended || stuck > 0 }

    /// What somebody should know or do, a line each.
    fileprivate var notes: [String] {
        var notes: [String] = []
        if let reason = follower.state.reason { notes.append("\(name) is \(follower.state.name): \(reason.onOneLine)") }
        if isUnattended { notes.append("\(name) has something to do, and no process works on it") }
        if isStopped { notes.append("  mend what is wrong, then: processes \(name) --resume") }
        for partition in follower.partitions where !isStopped {
            guard let error = partition.lastError else { continue }
            notes.append("\(name), partition \(partition.number), is trying again: \(error.onOneLine)")
        }
        if parkedEffects > 0 { notes.append("\(name) has \(parkedEffects.counted("parked step"))") }
        if parkedInstances > 0 {
            notes.append("\(name) has \(parkedInstances.counted("instance")) with an input that it could not react to")
        }
        if stuck > 0 {
            let verb = stuck == 1 ? "does" : "do"
            notes.append("\(stuck.counted("instance")) of \(name) \(verb) not go on: processes \(name) --stuck")
        }
        return notes
    }
}
