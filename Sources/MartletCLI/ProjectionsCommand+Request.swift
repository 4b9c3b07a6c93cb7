import Martlet

extension ProjectionsCommand {
    /// What the command line asks for, once it is known to make sense.
    enum Request: Hashable {
        case status(name: String?, partitions: Bool)
        case pause(name: String, reason: String)
        case resume(name: String)
        case parked(name: String?)
        case show(name: String, key: String)
        case retry(name: String, key: String)
        case retryAll(name: String)
        case discard(name: String, key: String, Decision)
        case skip(name: String, GlobalPosition, Decision)
    }

    /// Of an operator, who answers for it.
    struct Decision: Hashable {
        let reason: String
        let actor: String
        /// The whole key instead of its first event.
        let isOfAll: Bool
        let isSure: Bool
    }

    /// - Throws: ``UsageError``.
    static func request(_ arguments: Arguments, of kind: Kind = .projection) throws(UsageError) -> Request {
        let verb = arguments["VERB"] ?? "status"
        guard let options = allowedOptions[verb] else {
            let verbs = ["status", "pause", "resume", "parked", "show", "retry", "discard", "skip"] + kind.ownVerbs
            throw UsageError("expected one of \(verbs.joined(separator: ", ")), found \"\(verb)\"")
        }
        for option in syntax.options.map(\.name) where option != "json" && !options.contains(option) {
            let isGiven = switches.contains(option) ? arguments.has(option) : arguments[option] != nil
            if isGiven { throw UsageError("option \"--\(option)\" does not go with \"\(verb)\"") }
        }
        if let key = arguments["KEY"], ["status", "pause", "resume", "parked"].contains(verb) {
            throw UsageError("expected nothing behind \"\(verb) NAME\", found \"\(key)\"")
        }
        return switch verb {
        case "pause":
            .pause(
                name: try syntax.required("NAME", in: arguments), reason: try syntax.required("reason", in: arguments))
        case "resume": .resume(name: try syntax.required("NAME", in: arguments))
        case "parked": .parked(name: arguments["NAME"])
        case "show":
            .show(name: try syntax.required("NAME", in: arguments), key: try syntax.required("KEY", in: arguments))
        case "retry": try retry(arguments)
        case "discard":
            .discard(
                name: try syntax.required("NAME", in: arguments), key: try syntax.required("KEY", in: arguments),
                try decision(arguments))
        case "skip":
            .skip(name: try syntax.required("NAME", in: arguments), try position(arguments), try decision(arguments))
        default: .status(name: arguments["NAME"], partitions: arguments.has("partitions"))
        }
    }

    private static let switches: Set<String> = ["partitions", "all", "yes", "json"]

    private static let allowedOptions: [String: Set<String>] = [
        "status": ["partitions"], "pause": ["reason"], "resume": [], "parked": [], "show": [], "retry": ["all"],
        "discard": ["all", "reason", "by", "yes"], "skip": ["reason", "by", "yes"],
    ]

    private static func retry(_ arguments: Arguments) throws(UsageError) -> Request {
        let name = try syntax.required("NAME", in: arguments)
        guard let key = arguments["KEY"] else {
            guard arguments.has("all") else { throw UsageError("expected KEY or --all behind \"retry \(name)\"") }
            return .retryAll(name: name)
        }
        guard !arguments.has("all") else { throw UsageError("expected KEY or --all, found both") }
        return .retry(name: name, key: key)
    }

    private static func decision(_ arguments: Arguments) throws(UsageError) -> Decision {
        Decision(
            reason: try syntax.required("reason", in: arguments), actor: try syntax.required("by", in: arguments),
            isOfAll: arguments.has("all"), isSure: arguments.has("yes"))
    }

    private static func position(_ arguments: Arguments) throws(UsageError) -> GlobalPosition {
        let text = try syntax.required("KEY", in: arguments)
        guard let number = Int64(text), number > 0 else {
            throw UsageError("expected the position of the event before which it stands, found \"\(text)\"")
        }
        return GlobalPosition(rawValue: number)
    }
}
