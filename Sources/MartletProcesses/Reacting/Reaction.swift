import FoundationEssentials

/// What one input has come to, besides the instance's new state.
package struct Reaction: Hashable, Sendable {
    package var changes: [Change] = []
    /// What the process has asked for, in its own words.
    package var effects: [Effect] = []
    /// Why the input has changed nothing; nil when it was taken.
    package var ignored: String?

    package enum Change: Hashable, Sendable {
        case issued(IssuedEffect)
        /// An effect is tried again, in a new round.
        case reissued(number: Int)
        /// An effect is done with: it was answered, refused, withdrawn or skipped.
        case ended(number: Int)
        case startedTimer(TimerName, number: Int, TimerDue)
        case endedTimer(TimerName)
        case closed(InstanceStatus)
    }

    static func ignored(_ reason: String) -> Reaction { Reaction(ignored: reason) }
}

/// A command or a call with its place in the instance.
package struct IssuedEffect: Hashable, Sendable {
    package let number: Int
    package let outgoing: Outgoing
    /// Whether it undoes an earlier one.
    package let isUndo: Bool
    /// The number of the command that it undoes; nil where that is a call, or nothing that the process itself has done.
    package let undoes: Int?
}
