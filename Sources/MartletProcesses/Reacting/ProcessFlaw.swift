/// Why a process cannot react to an input, other than by what it throws itself.
public enum ProcessFlaw: Error, Hashable, Sendable {
    /// It sends a command to an aggregate whose refusals it does not take.
    case unknownTarget(String, of: String)
    /// It calls a provider whose answers it does not take.
    case unknownProvider(String, of: String)
    /// It starts a timer and takes none.
    case noTimers(String)
    /// A command to a stream that cannot be.
    case invalidTarget(Step, of: String, flaw: String)
    /// A command or a request that cannot be encoded.
    case unencodable(Step, of: String, problem: String)
    /// It asks for something after it has ended.
    case effectAfterEnd(of: String)
    /// The instance was moved by a newer version of the process manager.
    case newerState(Int, newest: Int, of: String)
    /// The state of an older version cannot be brought to today's.
    case unmigratedState(from: Int, of: String, problem: String)
    /// The key of an instance cannot be stored.
    case invalidKey(String, of: String, flaw: String)
}

extension ProcessFlaw: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownTarget(let target, let name):
            "process \"\(name)\": expected an aggregate among its sources (.refusals or .commands), found \"\(target)\""
        case .unknownProvider(let provider, let name):
            "process \"\(name)\": expected a provider among its sources (.answers), found \"\(provider)\""
        case .noTimers(let name): "process \"\(name)\": expected .timers among its sources, found none"
        case .invalidTarget(let step, let name, let flaw): "process \"\(name)\", step \"\(step)\": \(flaw)"
        case .unencodable(let step, let name, let problem):
            "process \"\(name)\", step \"\(step)\" cannot be encoded: \(problem)"
        case .effectAfterEnd(let name):
            "process \"\(name)\": expected no effect after complete or compensate, and commands alone from"
                + " compensated(because:at:), found another"
        case .newerState(let version, let newest, let name):
            "process \"\(name)\": expected a state of version \(newest) or older, found \(version)"
        case .unmigratedState(let version, let name, let problem):
            "process \"\(name)\": a state of version \(version) cannot be brought to the next: \(problem)"
        case .invalidKey(let key, let name, let flaw): "process \"\(name)\", instance \"\(key)\": \(flaw)"
        }
    }
}
