public import FoundationEssentials
public import MartletProjections

/// Coordinates what several aggregates and outside providers do for one purpose, such as an order's fulfilment: for each
/// *instance* (each order) it keeps a state, and says what is to be done next.
///
/// ```swift
/// struct Transfers: ProcessManager {
///     static let name = "transfer"
///     var phase = "sent"
///
///     mutating func react(to input: Input) -> [Effect] {
///         switch input {
///         case .account(let recorded): …
///         case .refused(let refusal): …
///         }
///     }
/// }
/// ```
/// `react` is a pure function of the state and the input. All inputs of an instance come in the order of the log, one
/// after the other; the new state, and what is to be done, commit with the place up to which the log was followed. What
/// is to be done is done after that commit, once in effect, however often a process dies on the way.
public protocol ProcessManager: Codable, Sendable {
    /// Everything that can come in, as an enum with a case for each kind.
    associatedtype Input: ProcessInput

    /// The process's name, and the category of its instances' streams. It reaches the database, so it is written down and
    /// never changes; it has no hyphen and no slash.
    static var name: String { get }

    /// How instances that older versions of this type have started go on.
    ///
    /// Write it as `static let`.
    static var history: StateHistory<Input> { get }

    /// Into how many partitions the instances are divided, from 1 to 256, each worked on by one process at a time.
    ///
    /// Takes effect when the process manager is first deployed.
    static var partitions: Int { get }

    /// Which events it takes when it is first deployed.
    static var begins: ProcessBeginning { get }

    /// How long an instance may wait for nothing but an event until it counts as stuck.
    static var patience: Duration { get }

    /// What happens to an input to which the process cannot react: it throws, or the input or the state cannot be read.
    static var onFailure: FailurePolicy { get }

    /// The state before the first event.
    init()

    /// Where the instance is, in a word or two, for those who look at it.
    var phase: String { get }

    /// Moves the state on by one input and says what is to be done.
    /// - Throws: anything; see ``onFailure``.
    mutating func react(to input: Input) throws -> [Effect]

    /// What is to be sent once all is undone, just before the instance ends: commands only, whose refusals nobody hears.
    /// - Parameters:
    ///   - reason: what ``Effect/compensate(because:)`` or an operator has said.
    ///   - moment: when the last undo step was done, by the database's clock; `Date` wants Foundation imported.
    func compensated(because reason: String, at moment: Date) -> [Effect]
}

extension ProcessManager {
    public static var history: StateHistory<Input> { .none }
    public static var partitions: Int { 8 }
    public static var begins: ProcessBeginning { .now }
    public static var patience: Duration { .seconds(3600) }
    public static var onFailure: FailurePolicy { .park() }
    public var phase: String { "running" }

    public func compensated(because _: String, at _: Date) -> [Effect] { [] }
}

/// Which events a process manager takes when it is first deployed.
public enum ProcessBeginning: Sendable {
    /// Those that are appended after `migrate()` has seen it for the first time.
    case now
    /// All that are in the log: what happened long ago has effects today.
    case atFirstEvent
}
