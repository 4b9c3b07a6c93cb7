import Martlet
import Synchronization

extension PublicationsCommand {
    /// A replay that the command line asks for, once it is known to make sense.
    struct Replay: Hashable {
        let name: String
        let topic: TopicName
        let position: GlobalPosition
    }

    /// Nil where it asks for something else.
    /// - Throws: ``UsageError``.
    static func replay(_ arguments: Arguments) throws(UsageError) -> Replay? {
        let verb = arguments["VERB"] ?? "status"
        let options = syntax.options.map(\.name).filter { $0 != "json" }
        let isReplay = verb == "replay"
        for option in options where ["into", "after"].contains(option) != isReplay {
            let isFlag = syntax.options.contains { $0.name == option && $0.placeholder == nil }
            guard isFlag ? arguments.has(option) : arguments[option] != nil else { continue }
            throw UsageError("option \"--\(option)\" does not go with \"\(verb)\"")
        }
        guard isReplay else { return nil }
        let name = try syntax.required("NAME", in: arguments)
        if let word = arguments["KEY"] {
            throw UsageError("expected nothing behind \"replay NAME\", found \"\(word)\"")
        }
        return Replay(
            name: name, topic: try topic(try syntax.required("into", in: arguments)),
            position: GlobalPosition(rawValue: Int64(try arguments.integer("after", in: 0...Int.max) ?? 0)))
    }

    private static func topic(_ text: String) throws(UsageError) -> TopicName {
        do throws(TopicName.Invalid) { return try TopicName(text) } catch { throw UsageError(error.description) }
    }

    func replay(_ replay: Replay) async throws -> Replayed {
        guard let publication = publications.first(where: { $0.name == replay.name }) else {
            let names = publications.map(\.name).joined(separator: ", ")
            throw UsageError("expected one of the publications \(names), found \"\(replay.name)\"")
        }
        let bar = Mutex(ProgressBar(label: "replaying", noun: "messages"))
        defer { bar.withLock { $0.finish() } }
        let last = Mutex(Replayed(replay))
        try await publication.replay(after: replay.position, into: replay.topic) { progress in
            last.withLock { ($0.position, $0.messages) = (progress.position.rawValue, progress.messages) }
            bar.withLock { $0.update(items: progress.messages, fraction: progress.fraction(after: replay.position)) }
        }
        return last.withLock(\.self)
    }

    /// What is in the other topic now.
    struct Replayed: ProjectionsCommand.Answer {
        let name: String
        let topic: String
        let after: Int64
        /// Up to which events it has gone.
        var position: Int64
        /// How many were made of them, whether the topic had them already or not.
        var messages = 0

        fileprivate init(_ replay: Replay) {
            (name, topic) = (replay.name, replay.topic.description)
            (after, position) = (replay.position.rawValue, replay.position.rawValue)
        }

        var lines: [String] {
            guard position > after else { return ["nothing has happened after position \(Int(after).grouped)"] }
            return [
                "replayed \(messages.counted("message")) of \"\(name)\" into \"\(topic)\","
                    + " of the events up to position \(Int(position).grouped)"
            ]
        }
    }
}

extension ReplayProgress {
    fileprivate func fraction(after start: GlobalPosition) -> Double {
        Double(position.rawValue - start.rawValue) / Double(max(1, end.rawValue - start.rawValue))
    }
}
