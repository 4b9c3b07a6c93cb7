import FoundationEssentials
import Martlet
import Synchronization

extension ProcessesCommand {
    /// What has come of a decision so far.
    func decided(_ process: ProcessHandle, _ key: String, _ receipt: Receipt) async throws -> Decided {
        let isTaken = try await process.caughtUp(to: receipt, within: .seconds(3))
        return Decided(
            process: process.name, key: key, position: receipt.position.rawValue, isTaken: isTaken,
            waits: try await process.instance(key)?.waits)
    }

    func retryAll(_ name: String, _ step: Step?, by actor: String) async throws -> Retried {
        let bar = Mutex(ProgressBar(label: "retrying", noun: "steps"))
        defer { bar.withLock { $0.finish() } }
        let count = try await handle(name).retryAll(step, by: actor) { retried in
            bar.withLock { $0.update(items: retried, fraction: nil) }
        }
        return Retried(process: name, retried: count)
    }

    func retryInput(_ name: String, _ key: String) async throws -> ReactedAgain {
        let outcome = try await handle(name).retryParked(key)
        return ReactedAgain(process: name, key: key, reacted: outcome.projected, problem: outcome.problem)
    }

    func discard(_ name: String, _ key: String, _ decision: Decision) async throws -> Discarded {
        let process = try handle(name)
        guard let input = try await process.instance(key)?.parkedInput else {
            throw ProcessOperationError.nothingParked(process: name, key: key)
        }
        guard decision.isSure else {
            throw UsageError(
                "would never react to the event \"\(input.type)\" at position \(input.position) of \"\(key)\":"
                    + " add --yes to do so")
        }
        let position = try await process.discardParked(key, reason: decision.reason, by: decision.actor)
        let left = try await process.instance(key)?.parkedInput?.count ?? 0
        return Discarded(process: name, key: key, position: position.rawValue, left: left)
    }

    func forget(_ name: String, days: Int, isSure: Bool) async throws -> Forgotten {
        let process = try handle(name)
        let moment = Date.now.addingTimeInterval(-Double(days) * 86_400)
        guard isSure else {
            throw UsageError(
                "would delete the instances of \"\(name)\" that ended before \(moment.formatted(.iso8601)), and their"
                    + " histories, for ever: add --yes to do so")
        }
        let bar = Mutex(ProgressBar(label: "forgetting", noun: "instances"))
        defer { bar.withLock { $0.finish() } }
        let count = try await process.forget(endedBefore: moment) { progress in
            let fraction = progress.total > 0 ? Double(progress.forgotten) / Double(progress.total) : nil
            bar.withLock { $0.update(items: progress.forgotten, fraction: fraction) }
        }
        return Forgotten(process: name, before: moment, forgotten: count)
    }

    struct Decided: Answer {
        let process: String
        let key: String
        /// Of the decision, in the log.
        let position: Int64
        /// Whether the process manager has come to it.
        let isTaken: Bool
        let waits: String?

        private enum CodingKeys: String, CodingKey {
            case process, key, position, waits
            case isTaken = "taken"
        }

        var lines: [String] {
            let recorded = "recorded for \(process) \"\(key)\" at position \(Int(position).grouped)"
            guard isTaken else { return [recorded + "; it takes effect when a process that runs it has come to it"] }
            return [recorded] + (waits.map { ["now \($0.onOneLine)"] } ?? [])
        }
    }

    struct Retried: Answer {
        let process: String
        let retried: Int

        var lines: [String] { ["\(retried.counted("parked step")) of \(process) recorded to be tried again"] }
    }

    /// What has come of a retry of an instance's parked inputs.
    struct ReactedAgain: Answer {
        let process: String
        let key: String
        let reacted: Int
        /// Why the next one failed again; nil when none is parked any more.
        let problem: String?

        var exitCode: ExitCode { problem == nil ? .success : .failure }

        var lines: [String] {
            let done = "\(process) \"\(key)\" reacted to \(reacted.counted("input"))"
            guard let problem else { return [done + "; nothing is parked any more"] }
            return [done + "; the next one failed again: \(problem.onOneLine)"]
        }
    }

    struct Discarded: Answer {
        let process: String
        let key: String
        let position: Int64
        /// How many inputs are still parked.
        let left: Int

        var lines: [String] {
            let done = "discarded the input of \(process) \"\(key)\" at position \(Int(position).grouped)"
            guard left > 0 else { return [done] }
            let line = "processes \(process.shellWord) \(key.shellWord) --retry-input"
            return [done, "\(left.counted("input")) behind it still parked: \(line)"]
        }
    }

    struct Forgotten: Answer {
        let process: String
        let before: Date
        let forgotten: Int

        var lines: [String] {
            let before = before.formatted(.iso8601)
            return ["forgot \(forgotten.counted("instance")) of \"\(process)\" that ended before \(before)"]
        }
    }

    struct Diagram: Answer {
        let process: String
        let mermaid: String

        var lines: [String] { [mermaid] }
    }
}
