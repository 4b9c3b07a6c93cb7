public import Martlet
import MartletJSON

/// The command `log`: what is in a streaming log, and how far its readers have come.
public struct LogCommand: Sendable {
    public static let syntax = CommandSyntax(
        "log", "the streaming log: its topics, their records, and how far their readers have come",
        positionals: [
            .optional("VERB", "topics (default), tail, groups or seek"),
            .optional("NAME", "a topic's name; for groups and seek a group's"),
            .optional("TOPIC", "seek: the topic in which the group is to go on elsewhere"),
        ],
        options: [
            .value("from", "PLACE", "tail: beginning, end, an offset or a time (default: the last ten)"),
            .value("to", "PLACE", "seek: the same"),
            .value("partition", "N", "tail: of this partition alone"),
            .value("limit", "N", "tail: so many records at most"),
            .flag("follow", "tail: wait for more until Ctrl-C"),
            .flag("yes", "seek: do it, and not only say what would be done"),
            .flag("json", "print JSON: one object, or for tail one a record"),
        ],
        examples: [
            .init("log", "the topics"),
            .init("log tail orders", "the last ten records of each partition"),
            .init("log tail orders --from beginning --json", "all that are there"),
            .init("log tail orders --from 2026-11-21T12:00:00Z --follow", "from a time on, and what comes"),
            .init("log groups", "who reads, and how far behind"),
            .init(
                "log seek mails orders --to beginning --yes",
                "lets a stopped group read all again; one that has an inbox leaves out what it has taken"),
        ])

    let log: EmbeddedLog

    public init(_ log: EmbeddedLog) { self.log = log }

    /// The command, for an application's program.
    public var command: Command {
        Command(Self.syntax) { arguments in
            if case .tail(let tail) = try Request(arguments) {
                try await LogTail(tail, of: log) { StandardStream.output.writeLine($0) }.run()
            } else {
                StandardStream.output.writeLine(try await run(arguments))
            }
            return .success
        }
    }

    /// Returns what is to be printed on standard output, by any verb but `tail`.
    /// - Throws: ``UsageError``, ``StreamingLogError``.
    public func run(_ arguments: Arguments) async throws -> String {
        let answer = try await answer(to: try Request(arguments))
        return arguments.has("json") ? try answer.json : answer.lines.joined(separator: "\n")
    }

    private func answer(to request: Request) async throws -> any LogAnswer {
        switch request {
        case .topics(let name): return LogTopics(try await topics(named: name))
        case .groups(let name): return try await groups(named: name)
        case .seek(let group, let topic, let place, let isSure):
            guard isSure else {
                throw UsageError("would let group \"\(group)\" go on elsewhere in \"\(topic)\": add --yes to do so")
            }
            try await log.seek(group, in: topic, to: place)
            return try await groups(named: group)
        case .tail: throw UsageError("expected another verb than tail")
        }
    }

    private func topics(named name: TopicName?) async throws -> [TopicDescription] {
        guard let name else { return try await log.topics() }
        return [try await log.describe(name)]
    }

    private func groups(named name: GroupName?) async throws -> LogGroups {
        let known = try await log.groups()
        if let name, !known.contains(where: { $0.name == name }) {
            throw UsageError("expected one of the groups \(known.map(\.name.description)), found \"\(name)\"")
        }
        var groups: [LogGroups.Group] = []
        for group in known where name == nil || group.name == name {
            groups.append(LogGroups.Group(group, try await log.lag(of: group.name)))
        }
        return LogGroups(groups: groups)
    }
}

/// What was found, for a person and for a machine.
protocol LogAnswer: Encodable, Sendable {
    var lines: [String] { get }
}

extension LogAnswer {
    var json: String {
        get throws { String(decoding: try PayloadEncoder().encode(self), as: UTF8.self) }
    }
}
