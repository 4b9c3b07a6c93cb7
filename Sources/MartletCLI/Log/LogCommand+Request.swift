import FoundationEssentials
import Martlet

extension LogCommand {
    /// What the command line asks for, once it is known to make sense.
    enum Request: Hashable {
        case topics(TopicName?)
        case tail(Tail)
        case groups(GroupName?)
        case seek(GroupName, TopicName, SeekPlace, isSure: Bool)

        struct Tail: Hashable {
            let topic: TopicName
            /// Nil is the last ten of each partition.
            let from: SeekPlace?
            let partition: Int?
            let limit: Int
            let follows: Bool
            let isJSON: Bool
        }

        /// - Throws: ``UsageError``.
        init(_ arguments: Arguments) throws(UsageError) {
            let verb = arguments["VERB"] ?? "topics"
            guard let allowed = Self.allowed[verb] else {
                throw UsageError("expected one of topics, tail, groups, seek, found \"\(verb)\"")
            }
            let values = ["from", "to", "partition", "limit"].filter { arguments[$0] != nil }
            let flags = ["follow", "yes"].filter { arguments.has($0) }
            for option in values + flags where !allowed.contains(option) {
                throw UsageError("option \"--\(option)\" does not go with \"\(verb)\"")
            }
            if let word = arguments["TOPIC"], verb != "seek" {
                throw UsageError("expected nothing behind \"\(verb) NAME\", found \"\(word)\"")
            }
            switch verb {
            case "tail": self = .tail(try Self.tail(arguments))
            case "groups": self = .groups(arguments["NAME"].map { GroupName($0) })
            case "seek":
                self = .seek(
                    GroupName(try LogCommand.syntax.required("NAME", in: arguments)),
                    try Self.topic(try LogCommand.syntax.required("TOPIC", in: arguments)),
                    try Self.place(try LogCommand.syntax.required("to", in: arguments), of: "to"),
                    isSure: arguments.has("yes"))
            default:
                guard let name = arguments["NAME"] else {
                    self = .topics(nil)
                    return
                }
                self = .topics(try Self.topic(name))
            }
        }

        private static let allowed: [String: Set<String>] = [
            "topics": [], "tail": ["from", "partition", "limit", "follow"], "groups": [], "seek": ["to", "yes"],
        ]

        private static func tail(_ arguments: Arguments) throws(UsageError) -> Tail {
            var from: SeekPlace?
            if let text = arguments["from"] { from = try place(text, of: "from") }
            return Tail(
                topic: try topic(try LogCommand.syntax.required("NAME", in: arguments)), from: from,
                partition: try arguments.integer("partition", in: 0...1023),
                limit: try arguments.integer("limit", in: 1...Int(Int32.max)) ?? .max,
                follows: arguments.has("follow"), isJSON: arguments.has("json"))
        }

        private static func topic(_ text: String) throws(UsageError) -> TopicName {
            do throws(TopicName.Invalid) { return try TopicName(text) } catch { throw UsageError(error.description) }
        }

        static func place(_ text: String, of option: String) throws(UsageError) -> SeekPlace {
            if text == "beginning" { return .beginning }
            if text == "end" { return .end }
            if let offset = Int64(text), offset >= 0 { return .offset(Offset(rawValue: offset)) }
            for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
                do { return .time(try style.parse(text)) } catch {}
            }
            throw UsageError(
                "option \"--\(option)\": expected beginning, end, an offset or a time such as 2026-11-21T12:00:00Z,"
                    + " found \"\(text)\"")
        }
    }
}
