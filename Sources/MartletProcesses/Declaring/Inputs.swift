public import FoundationEssentials
public import MartletDomain

/// The name of something that a process does, such as `authorise`: its place in the process's history, and part of the
/// words in which an operator hears of it. It reaches the database.
public struct Step: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(stringLiteral text: String) { self.init(rawValue: text) }

    public var description: String { rawValue }
}

/// The name of a timer, one of each at a time in an instance. It reaches the database.
public struct TimerName: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(stringLiteral text: String) { self.init(rawValue: text) }

    public var description: String { rawValue }
}

/// A command that an aggregate has refused.
public struct Refusal<A: Aggregate>: Sendable {
    /// What the command was sent as.
    public let step: Step
    public let aggregate: StreamID<A>
    public let rejection: A.Rejection
    /// When that was recorded, by the database's clock.
    public let at: Date

    public init(step: Step, aggregate: StreamID<A>, rejection: A.Rejection, at: Date) {
        (self.step, self.aggregate, self.rejection, self.at) = (step, aggregate, rejection, at)
    }
}

/// What a call of a provider came to.
public struct Answer<P: ActivityProvider>: Sendable {
    public enum Outcome: Sendable {
        case answered(P.Answer)
        /// No answer came, however often it was asked: whether the call took effect is not known.
        case failed(problem: String)
    }

    /// What the provider was called as.
    public let step: Step
    public let outcome: Outcome
    /// When that was recorded, by the database's clock.
    public let at: Date

    public init(step: Step, outcome: Outcome, at: Date) {
        (self.step, self.outcome, self.at) = (step, outcome, at)
    }
}

/// A timer that is due.
public struct Due: Hashable, Sendable {
    public let timer: TimerName
    /// When it was due, by the database's clock.
    public let at: Date

    public init(_ timer: TimerName, at: Date) {
        (self.timer, self.at) = (timer, at)
    }
}
