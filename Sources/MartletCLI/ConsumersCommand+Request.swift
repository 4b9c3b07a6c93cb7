import Martlet

extension ConsumersCommand {
    /// What the command line asks for, once it is known to make sense.
    enum Request: Hashable {
        case overview(name: String?)
        case letters(name: String, key: String?, limit: Int)
        case decisions(name: String, key: String?, limit: Int)
        case replay(name: String, key: String)
        case replayAll(name: String)
        case discard(name: String, key: String, Decision)
        case discardLetter(name: String, Int64, Decision)
        case pause(name: String, reason: String)
        case resume(name: String)
        case acceptHole(name: String, TopicPartition, Decision)
    }

    typealias Decision = ProcessesCommand.Decision

    /// What is to be done; at most one of them is asked for.
    private enum Action: String, CaseIterable {
        case letters = "letters"
        case decisions = "decisions"
        case replay = "replay"
        case replayAll = "replay-all"
        case discard = "discard"
        case discardLetter = "discard-letter"
        case pause = "pause"
        case resume = "resume"
        case acceptHole = "accept-hole"

        /// The arguments that say more about it.
        var details: Set<String> {
            switch self {
            case .letters, .decisions: ["KEY", "limit"]
            case .replay: ["KEY"]
            case .discard: ["KEY", "reason", "by", "yes"]
            case .discardLetter, .acceptHole: ["reason", "by"]
            case .pause: ["reason"]
            case .replayAll, .resume: []
            }
        }
    }

    /// - Throws: ``UsageError``.
    static func request(_ arguments: Arguments) throws(UsageError) -> Request {
        let actions = Action.allCases.filter { isGiven($0.rawValue, arguments) }
        guard actions.count <= 1 else {
            throw UsageError("expected one of \(actions.map { "--" + $0.rawValue }.joined(separator: " and "))")
        }
        let action = actions.first
        for detail in ["KEY", "limit", "reason", "by", "yes"] where isGiven(detail, arguments) {
            guard action?.details.contains(detail) != true else { continue }
            let what = action.map { "--" + $0.rawValue } ?? "a look"
            throw UsageError("\(detail == "KEY" ? "KEY" : "option \"--\(detail)\"") does not go with \(what)")
        }
        guard let action else { return .overview(name: arguments["NAME"]) }
        let name = try syntax.required("NAME", in: arguments)
        switch action {
        case .letters: return .letters(name: name, key: arguments["KEY"], limit: try limit(arguments))
        case .decisions: return .decisions(name: name, key: arguments["KEY"], limit: try limit(arguments))
        case .replay: return .replay(name: name, key: try syntax.required("KEY", in: arguments))
        case .replayAll: return .replayAll(name: name)
        case .discard:
            return .discard(name: name, key: try syntax.required("KEY", in: arguments), try decision(arguments))
        case .discardLetter:
            let letter = try arguments.integer(action.rawValue, in: 1...Int.max) ?? 0
            return .discardLetter(name: name, Int64(letter), try decision(arguments))
        case .pause: return .pause(name: name, reason: try syntax.required("reason", in: arguments))
        case .resume: return .resume(name: name)
        case .acceptHole:
            let partition = try partition(try syntax.required(action.rawValue, in: arguments))
            return .acceptHole(name: name, partition, try decision(arguments))
        }
    }

    private static func limit(_ arguments: Arguments) throws(UsageError) -> Int {
        try arguments.integer("limit", in: 1...100_000) ?? 100
    }

    private static func partition(_ text: String) throws(UsageError) -> TopicPartition {
        let (topic, number) = (text.prefix { $0 != "/" }, text.drop { $0 != "/" }.dropFirst())
        guard let number = Int(number), number >= 0 else {
            throw UsageError("expected a topic's name and a partition's number, as in orders/0, found \"\(text)\"")
        }
        do throws(TopicName.Invalid) { return TopicPartition(try TopicName(String(topic)), number) } catch {
            throw UsageError("\(error)")
        }
    }

    private static func isGiven(_ name: String, _ arguments: Arguments) -> Bool {
        let isFlag = syntax.options.contains { $0.name == name && $0.placeholder == nil }
        return isFlag ? arguments.has(name) : arguments[name] != nil
    }

    private static func decision(_ arguments: Arguments) throws(UsageError) -> Decision {
        Decision(
            reason: try syntax.required("reason", in: arguments), actor: try syntax.required("by", in: arguments),
            isSure: arguments.has("yes"))
    }
}
