import FoundationEssentials
import Martlet

extension ProjectionsCommand {
    func parked(_ name: String?) async throws -> ParkedKeys {
        var keys: [ParkedKeys.Entry] = []
        for handle in try handles(name) {
            for key in try await handle.parkedKeys() { keys.append(.init(handle.name, key)) }
        }
        return ParkedKeys(kind: kind, parked: keys)
    }

    func show(_ name: String, _ key: String) async throws -> ParkedEvents {
        let events = try await handle(name).parkedEvents(of: key)
        guard !events.isEmpty else { throw ParkingError.nothingParked(projection: name, key: key) }
        let all = try await handle(name).parkedKeys().first { $0.key == key }?.count ?? events.count
        return ParkedEvents(name: name, key: key, count: max(all, events.count), events: events.map { .init($0) })
    }

    struct ParkedKeys: Answer {
        struct Entry: Encodable, Sendable {
            let name: String
            let key: String
            let partition: Int
            let since: Date
            let count: Int
            let position: Int64
            let stream: String
            let type: String
            let attempts: Int
            let problem: String?

            init(_ name: String, _ parked: ParkedKey) {
                (self.name, key, partition, since) = (name, parked.key, parked.partition, parked.since)
                (count, position, stream) = (parked.count, parked.position.rawValue, parked.stream.description)
                (type, attempts, problem) = (parked.type, parked.attempts, parked.problem)
            }
        }

        let kind: Kind
        let parked: [Entry]

        private enum CodingKeys: String, CodingKey { case parked }

        var lines: [String] {
            guard !parked.isEmpty else { return ["nothing is parked"] }
            var table = TextTable(
                .text(kind.rawValue), .text("key"), .number("events"), .text("since"), .number("first at"),
                .text("of type"), .number("tries"))
            for key in parked {
                table.add(
                    .text(key.name), .text(key.key), .number(key.count.grouped),
                    .text(key.since.formatted(.iso8601)), .number(Int(key.position).grouped), .text(key.type),
                    .number(key.attempts.grouped))
            }
            let problems = parked.map { "\($0.key): \($0.problem?.onOneLine ?? "not tried since the one before it")" }
            return table.lines + [""] + problems
        }
    }

    struct ParkedEvents: Answer {
        struct Entry: Encodable, Sendable {
            let position: Int64
            let id: String
            let stream: String
            let type: String
            let recordedAt: Date
            let parkedAt: Date
            let attempts: Int
            let problem: String?
            let payload: String
            let metadata: String

            init(_ event: ParkedEvent) {
                (position, id) = (event.position.rawValue, event.id.text)
                (stream, type) = (event.stream.description, event.type)
                (recordedAt, parkedAt) = (event.recordedAt, event.parkedAt)
                (attempts, problem) = (event.attempts, event.problem)
                (payload, metadata) = (event.payload, event.metadata)
            }

            fileprivate var lines: [String] {
                [
                    "\(Int(position).grouped)  \(type)  stream \"\(stream)\"  recorded \(recordedAt.formatted(.iso8601))",
                    "  payload   \(payload.onOneLine)", "  metadata  \(metadata.onOneLine)",
                    problem.map { "  failed \(attempts.counted("time")), last: \($0.onOneLine)" } ?? "  waits",
                ]
            }
        }

        let name: String
        let key: String
        let count: Int
        let events: [Entry]

        var lines: [String] {
            let head = "\(count.counted("event")) of \"\(key)\" parked in \"\(name)\""
            let rest = count > events.count ? ["and \((count - events.count).counted("event")) more"] : []
            return [head, ""] + events.flatMap(\.lines) + rest
        }
    }

    struct Retried: Answer {
        let kind: Kind
        let name: String
        let outcomes: [RetryOutcome]

        private enum CodingKeys: String, CodingKey { case name, outcomes }

        var exitCode: ExitCode { outcomes.allSatisfy { $0.problem == nil } ? .success : .failure }

        var lines: [String] {
            guard !outcomes.isEmpty else { return ["nothing is parked"] }
            return outcomes.map { outcome in
                let done = "\"\(outcome.key)\": \(kind.done) \(outcome.projected.counted("event"))"
                guard let problem = outcome.problem else { return done + "; nothing is parked any more" }
                return done + "; the next one failed again: \(problem.onOneLine)"
            }
        }
    }
}
