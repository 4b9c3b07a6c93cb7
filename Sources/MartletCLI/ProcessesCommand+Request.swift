import Martlet

extension ProcessesCommand {
    /// What the command line asks for, once it is known to make sense.
    enum Request: Hashable {
        case overview(name: String?)
        case why(name: String, key: String)
        case history(name: String, key: String, limit: Int)
        case list(name: String, InstanceFilter, limit: Int)
        case retry(name: String, key: String, StepChoice, by: String)
        case retryAll(name: String, Step?, by: String)
        case skip(name: String, key: String, StepChoice, Decision)
        case compensate(name: String, key: String, Decision)
        case retryInput(name: String, key: String)
        case discardInput(name: String, key: String, Decision)
        case pause(name: String, reason: String)
        case resume(name: String)
        case diagram(name: String)
        case forget(name: String, days: Int, isSure: Bool)
    }

    /// Of an operator, who answers for it.
    struct Decision: Hashable {
        let reason: String
        let actor: String
        let isSure: Bool
    }

    /// What is to be done; at most one of them is asked for.
    private enum Action: String, CaseIterable {
        case history = "history"
        case stuck = "stuck"
        case list = "in"
        case retry = "retry"
        case retryAll = "retry-all"
        case skip = "skip"
        case compensate = "compensate"
        case retryInput = "retry-input"
        case discardInput = "discard-input"
        case pause = "pause"
        case resume = "resume"
        case diagram = "diagram"
        case forget = "forget-ended"

        var isOfInstance: Bool {
            switch self {
            case .history, .retry, .skip, .compensate, .retryInput, .discardInput: true
            case .stuck, .list, .retryAll, .pause, .resume, .diagram, .forget: false
            }
        }

        /// The options that say more about it.
        var details: Set<String> {
            switch self {
            case .history, .stuck, .list: ["limit"]
            case .retry: ["by"]
            case .retryAll: ["by", "step"]
            case .skip, .compensate: ["reason", "by"]
            case .discardInput: ["reason", "by", "yes"]
            case .pause: ["reason"]
            case .forget: ["yes"]
            case .retryInput, .resume, .diagram: []
            }
        }
    }

    private static let allDetails = ["limit", "step", "reason", "by", "yes"]

    /// - Throws: ``UsageError``.
    static func request(_ arguments: Arguments) throws(UsageError) -> Request {
        let actions = Action.allCases.filter { isGiven($0.rawValue, arguments) }
        guard actions.count <= 1 else {
            throw UsageError("expected one of \(actions.map { "--" + $0.rawValue }.joined(separator: " and "))")
        }
        let action = actions.first
        for option in allDetails where isGiven(option, arguments) && action?.details.contains(option) != true {
            let what = action.map { "--" + $0.rawValue } ?? "a look"
            throw UsageError("option \"--\(option)\" does not go with \(what)")
        }
        guard let action else {
            guard let key = arguments["KEY"] else { return .overview(name: arguments["NAME"]) }
            return .why(name: try syntax.required("NAME", in: arguments), key: key)
        }
        let name = try syntax.required("NAME", in: arguments)
        if action.isOfInstance {
            return try request(action, of: try syntax.required("KEY", in: arguments), name, arguments)
        }
        if let key = arguments["KEY"] {
            throw UsageError("expected nothing behind NAME with --\(action.rawValue), found \"\(key)\"")
        }
        return try request(action, name, arguments)
    }

    private static func request(
        _ action: Action, of key: String, _ name: String, _ arguments: Arguments
    ) throws(UsageError) -> Request {
        switch action {
        case .retry:
            .retry(name: name, key: key, try step(action, arguments), by: try syntax.required("by", in: arguments))
        case .skip: .skip(name: name, key: key, try step(action, arguments), try decision(arguments))
        case .compensate: .compensate(name: name, key: key, try decision(arguments))
        case .retryInput: .retryInput(name: name, key: key)
        case .discardInput: .discardInput(name: name, key: key, try decision(arguments))
        default: .history(name: name, key: key, limit: try limit(arguments))
        }
    }

    private static func request(
        _ action: Action, _ name: String, _ arguments: Arguments
    ) throws(UsageError) -> Request {
        switch action {
        case .list: .list(name: name, .status(try status(arguments)), limit: try limit(arguments))
        case .retryAll:
            .retryAll(
                name: name, arguments["step"].map(Step.init(rawValue:)), by: try syntax.required("by", in: arguments))
        case .pause: .pause(name: name, reason: try syntax.required("reason", in: arguments))
        case .resume: .resume(name: name)
        case .diagram: .diagram(name: name)
        case .forget:
            .forget(
                name: name, days: try arguments.integer("forget-ended", in: 0...100_000) ?? 0,
                isSure: arguments.has("yes"))
        default: .list(name: name, .stuck, limit: try limit(arguments))
        }
    }

    private static func isGiven(_ option: String, _ arguments: Arguments) -> Bool {
        let isFlag = syntax.options.contains { $0.name == option && $0.placeholder == nil }
        return isFlag ? arguments.has(option) : arguments[option] != nil
    }

    private static func step(_ action: Action, _ arguments: Arguments) throws(UsageError) -> StepChoice {
        let text = try syntax.required(action.rawValue, in: arguments)
        return Int(text).map(StepChoice.number) ?? .named(Step(rawValue: text))
    }

    private static func decision(_ arguments: Arguments) throws(UsageError) -> Decision {
        Decision(
            reason: try syntax.required("reason", in: arguments), actor: try syntax.required("by", in: arguments),
            isSure: arguments.has("yes"))
    }

    private static func limit(_ arguments: Arguments) throws(UsageError) -> Int {
        try arguments.integer("limit", in: 1...100_000) ?? 100
    }

    private static func status(_ arguments: Arguments) throws(UsageError) -> InstanceStatus {
        let text = try syntax.required("in", in: arguments)
        guard let status = InstanceStatus(rawValue: text) else {
            let all = InstanceStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError("option \"--in\": expected one of \(all), found \"\(text)\"")
        }
        return status
    }
}
