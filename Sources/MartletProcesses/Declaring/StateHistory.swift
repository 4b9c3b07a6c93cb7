import FoundationEssentials
public import MartletJSON

/// How instances that older versions of a process manager have started go on under today's.
///
/// ```swift
/// static let history: StateHistory<Input> = [
///     .pinned(to: FulfilmentOf2025.self),  // version 1: goes on as it began
///     .upcast { state in state["courier"] = "post" },  // version 2 becomes version 3, which is today's
/// ]
/// ```
/// The first change is that of version 1, the second that of version 2, and so on; today's version is one more than there
/// are changes. A change stays for as long as instances of its version are there.
public struct StateHistory<Input: ProcessInput>: Sendable, ExpressibleByArrayLiteral {
    package let changes: [StateChange<Input>]

    /// All instances are of today's version.
    public static var none: StateHistory { StateHistory(changes: []) }

    public init(arrayLiteral changes: StateChange<Input>...) { self.init(changes: changes) }

    init(changes: [StateChange<Input>]) { self.changes = changes }

    package var version: Int { changes.count + 1 }
}

/// What becomes of instances of one older version; see ``StateHistory``.
public struct StateChange<Input: ProcessInput>: Sendable {
    enum Kind: Sendable {
        case upcast(@Sendable (inout JSONValue) throws -> Void)
        case pinned(ErasedProcess<Input>)
    }

    let kind: Kind

    /// The state becomes that of the next version when the next input comes in.
    /// - Parameter change: turns the state as it was stored into what the next version would have stored; may throw for
    ///   one that it does not understand, which parks the instance.
    public static func upcast(_ change: @escaping @Sendable (inout JSONValue) throws -> Void) -> StateChange {
        StateChange(kind: .upcast(change))
    }

    /// The instances go on as they have begun, under the type that started them, to their end.
    public static func pinned<Old: ProcessManager>(to _: Old.Type) -> StateChange where Old.Input == Input {
        StateChange(kind: .pinned(ErasedProcess(Old.self)))
    }
}

/// What one version of a process manager does with a state and an input.
struct ErasedProcess<Input: Sendable>: Sendable {
    /// A new instance's state, as JSON.
    let start: @Sendable () throws -> [UInt8]
    /// Reads the state, reacts, and writes the state.
    let react: @Sendable ([UInt8], Input) throws -> (state: [UInt8], phase: String, effects: [Effect])

    /// What the process has still to say once all is undone.
    let compensated: @Sendable ([UInt8], String, Date) throws -> [Effect]

    init<P: ProcessManager>(_: P.Type) where P.Input == Input {
        start = { try PayloadEncoder().encode(P()) }
        react = { state, input in
            var process = try PayloadDecoder().decode(P.self, from: state)
            let effects = try process.react(to: input)
            return (try PayloadEncoder().encode(process), process.phase, effects)
        }
        compensated = { state, reason, moment in
            try PayloadDecoder().decode(P.self, from: state).compensated(because: reason, at: moment)
        }
    }
}
