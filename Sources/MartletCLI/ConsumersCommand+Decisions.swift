import FoundationEssentials
import Martlet

extension ConsumersCommand {
    /// What operators have decided, the last first.
    struct Decisions: Answer {
        struct Entry: Encodable, Sendable {
            let decision: ConsumerDecision.Kind
            let decidedAt: Date
            let topic: String
            let partition: Int
            let letter: Int64?
            let offset: Int64?
            let key: String?
            let problem: String?
            let reason: String?
            let by: String?

            init(_ found: ConsumerDecision) {
                (decision, decidedAt) = (found.kind, found.decidedAt)
                (topic, partition) = (found.partition.topic.description, found.partition.number)
                (letter, offset, key) = (found.letter, found.offset?.rawValue, found.key)
                (problem, reason, by) = (found.problem, found.reason, found.actor)
            }
        }

        let consumer: String
        let decisions: [Entry]

        init(_ consumer: String, _ found: [ConsumerDecision]) {
            (self.consumer, decisions) = (consumer, found.map { Entry($0) })
        }

        var lines: [String] {
            guard !decisions.isEmpty else { return ["nothing was decided"] }
            var table = TextTable(
                .text("decided"), .text("what"), .text("partition"), .number("offset"), .text("key"), .text("by"),
                .text("reason"), .text("problem"))
            for entry in decisions {
                table.add(
                    .text(entry.decidedAt.formatted(.iso8601)),
                    .text(entry.decision == .acceptedHole ? "accepted hole" : entry.decision.rawValue),
                    .text("\(entry.topic)/\(entry.partition)"), .number(entry.offset.map { Int($0).grouped } ?? ""),
                    .text(entry.key?.onOneLine ?? ""), .text(entry.by?.onOneLine ?? ""),
                    .text(entry.reason?.onOneLine ?? ""),
                    .text(entry.problem?.onOneLine ?? "stood behind another"))
            }
            return table.lines
        }
    }
}
