import FoundationEssentials
import Martlet

extension ConsumersCommand {
    func overview(_ name: String?) async throws -> Overview {
        var statuses: [ConsumerStatus] = []
        for consumer in try name.map({ [try handle($0)] }) ?? consumers.consumers {
            statuses.append(try await consumer.status())
        }
        return Overview(consumers: statuses)
    }

    struct Overview: Answer {
        let consumers: [ConsumerStatus]

        var exitCode: ExitCode {
            consumers.contains { $0.state == .stopped || $0.dead > 0 } ? .failure : .success
        }

        var lines: [String] {
            guard !consumers.isEmpty else { return ["the application has no consumers"] }
            var table = TextTable(
                .text("consumer"), .text("state"), .number("partitions"), .number("lag"), .number("waiting"),
                .number("dead"))
            for status in consumers {
                table.add(
                    .text(status.name), .text(status.state.rawValue), .number(status.partitions.count.grouped),
                    .number(Int(status.lag).grouped), .number(status.waiting.grouped), .number(status.dead.grouped))
            }
            let notes = consumers.flatMap(\.notes)
            return table.lines + (notes.isEmpty ? [] : [""] + notes)
        }
    }

    struct Letters: Answer {
        struct Entry: Encodable, Sendable {
            let letter: Int64
            let state: DeadLetter.State
            let key: String?
            let topic: String
            let partition: Int
            let offset: Int64
            let id: String?
            let type: String?
            let attempts: Int
            let problem: String?
            let parkedAt: Date

            init(_ found: DeadLetter) {
                (letter, state, key) = (found.id, found.state, found.message.key)
                topic = found.message.partition.topic.description
                (partition, offset) = (found.message.partition.number, found.message.offset.rawValue)
                (id, type) = (found.message.id, found.message.type)
                (attempts, problem, parkedAt) = (found.attempts, found.problem, found.parkedAt)
            }
        }

        let consumer: String
        let letters: [Entry]

        var lines: [String] {
            guard !letters.isEmpty else { return ["nothing waits, and nothing is dead"] }
            var table = TextTable(
                .number("letter"), .text("state"), .text("key"), .text("partition"), .number("offset"), .text("since"),
                .number("tries"), .text("problem"))
            for letter in letters {
                table.add(
                    .number(String(letter.letter)), .text(letter.state.rawValue), .text(letter.key ?? ""),
                    .text("\(letter.topic)/\(letter.partition)"), .number(Int(letter.offset).grouped),
                    .text(letter.parkedAt.formatted(.iso8601)), .number(letter.attempts.grouped),
                    .text(letter.problem?.onOneLine ?? "stands behind another"))
            }
            return table.lines
        }
    }

    struct Replayed: Answer {
        let consumer: String
        let replayed: Int
        /// By the letters' numbers.
        let failed: [String: String]

        init(consumer: String, outcome: ReplayOutcome) {
            (self.consumer, replayed) = (consumer, outcome.replayed)
            failed = Dictionary(outcome.failed.map { (String($0.key), $0.value) }) { $1 }
        }

        var exitCode: ExitCode { failed.isEmpty ? .success : .failure }

        var lines: [String] {
            ["replayed \(replayed.counted("message"))"]
                + failed.sorted { $0.key < $1.key }.map { "letter \($0.key) failed again: \($0.value.onOneLine)" }
        }
    }

    struct Discarded: Answer {
        let consumer: String
        let letters: Int
        let isDone: Bool

        var lines: [String] {
            let what = letters.counted("letter")
            return isDone ? ["discarded \(what)"] : ["would discard \(what); nothing was done: add --yes"]
        }
    }
}

extension ConsumerStatus {
    /// What somebody should know or do, a line each.
    fileprivate var notes: [String] {
        var notes: [String] = []
        if let reason { notes.append("\(name) is paused: \(reason.onOneLine)") }
        if let outage { notes.append("\(name) waits for what it depends on: \(outage.problem.onOneLine)") }
        for partition in partitions {
            if let stopped = partition.stopped {
                notes.append("\(name), \(partition.topic)/\(partition.partition), has stopped: \(stopped.onOneLine)")
            } else if let error = partition.lastError {
                notes.append(
                    "\(name), \(partition.topic)/\(partition.partition), is trying again: \(error.onOneLine)")
            }
        }
        if dead > 0 { notes.append("\(dead.counted("message")) of \(name) are dead: consumers \(name) --letters") }
        return notes
    }
}
