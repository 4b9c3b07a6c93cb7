public import FoundationEssentials

/// A message that waits for another try, was given up, or stands behind such a one.
public struct DeadLetter: Sendable {
    public enum State: String, Codable, Sendable {
        /// It is tried again by itself, or waits behind one that is.
        case waiting
        /// It waits for an operator.
        case dead
    }

    public let id: Int64
    public let state: State
    public let message: Message
    /// How often it was tried.
    public let attempts: Int
    /// Why the last try failed; nil for one that only stands behind another of its key.
    public let problem: String?
    public let parkedAt: Date
    /// When it was given up.
    public let diedAt: Date?

    /// How long ago it was parked.
    public func age(at now: Date) -> Duration { .seconds(max(0, now.timeIntervalSince(parkedAt))) }
}

/// How a replay has ended.
public struct ReplayOutcome: Hashable, Sendable {
    /// How many messages have had their effects.
    public var replayed = 0
    /// The letters that have failed again, with why; what stands behind them was not tried.
    public var failed: [Int64: String] = [:]
}
