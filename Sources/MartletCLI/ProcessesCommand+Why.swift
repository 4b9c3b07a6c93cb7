import FoundationEssentials
import Martlet

extension ProcessesCommand {
    func why(_ name: String, _ key: String) async throws -> Why {
        let process = try handle(name)
        guard let report = try await process.instance(key) else {
            throw ProcessOperationError.noInstance(process: name, key: key)
        }
        return Why(report: report, follower: try await process.follower.status())
    }

    /// Why an instance does not go on, or what it does.
    struct Why: Answer {
        let report: InstanceReport
        let follower: ProjectionStatus

        var exitCode: ExitCode { report.trouble == nil ? .success : .failure }

        func encode(to encoder: any Encoder) throws { try report.encode(to: encoder) }

        var lines: [String] {
            var lines = ["\(report.process) \"\(report.key)\" \(report.waits.onOneLine)"]
            if let life = report.life {
                let reason = life.reason.map { " because \($0.onOneLine)" } ?? ""
                lines.append("  \(life.status.rawValue)\(reason), phase \"\(life.phase.onOneLine)\"")
                lines.append(
                    "  since \(life.startedAt.formatted(.iso8601)), last input at position"
                        + " \(life.position.grouped) at \(life.changedAt.formatted(.iso8601))")
            }
            return lines + standstill + outstanding + advice
        }

        /// What keeps all instances waiting, if something does.
        private var standstill: [String] {
            guard report.life?.status.isEnd != true || !report.effects.isEmpty else { return [] }
            if follower.state != .running {
                let reason = follower.state.reason.map { ": \($0.onOneLine)" } ?? ""
                return ["  \(report.process) is \(follower.state.name)\(reason)"]
            }
            guard follower.partitions.allSatisfy({ $0.member == nil }) else { return [] }
            return ["  no process works on \(report.process)"]
        }

        private var outstanding: [String] {
            guard !report.effects.isEmpty || !report.timers.isEmpty else { return [] }
            var table = TextTable(
                .number("number"), .text("step or timer"), .text("kind"), .text("at"), .text("since"),
                .number("tries"), .text("next"))
            for effect in report.effects {
                table.add(
                    .number("\(effect.number)"), .text(effect.step.rawValue.onOneLine), .text(effect.kind.rawValue),
                    .text(effect.target), .text(effect.issuedAt.formatted(.iso8601)), .number(effect.attempts.grouped),
                    .text(effect.parkedAt == nil ? effect.nextTryAt?.formatted(.iso8601) ?? "now" : "parked"))
            }
            for timer in report.timers {
                table.add(
                    .number("\(timer.number)"), .text(timer.timer.rawValue.onOneLine), .text("timer"), .text(""),
                    .text(timer.startedAt.formatted(.iso8601)), .number(""), .text(timer.dueAt.formatted(.iso8601)))
            }
            return [""] + table.lines
        }

        private var advice: [String] {
            let line = "processes \(report.process.shellWord) \(report.key.shellWord)"
            switch report.trouble {
            case .parkedInput:
                return [
                    "", "once the program can react to it:  \(line) --retry-input",
                    "if it is never to react to it:     \(line) --discard-input --reason WHY --by ME --yes",
                ]
            case .parkedStep:
                return [
                    "", "once what was wrong is mended:  \(line) --retry \(parkedStep) --by ME",
                    "if it is never to be had:       \(line) --skip \(parkedStep) --reason WHY --by ME",
                ]
            case .silence: return ["", "if that never comes:  \(line) --compensate --reason WHY --by ME"]
            case .slowStep, nil: return []
            }
        }

        /// The first one, by its number where its name would be taken for another's or for a number.
        private var parkedStep: String {
            let parked = report.effects.filter { $0.parkedAt != nil }
            guard let first = parked.first else { return "STEP" }
            let name = first.step.rawValue
            let isClear = Int(name) == nil && parked.count { $0.step == first.step } == 1
            return isClear ? name.shellWord : "\(first.number)"
        }
    }
}
