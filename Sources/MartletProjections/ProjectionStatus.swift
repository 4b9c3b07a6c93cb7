public import FoundationEssentials
public import MartletDomain

/// How a projection is doing, in whatever processes it runs.
public struct ProjectionStatus: Sendable {
    public enum State: Hashable, Sendable {
        case running
        /// By an operator, who may have said why.
        case paused(reason: String?)
        /// By an event that may not be passed; waits for an operator.
        case stopped(reason: String)
        /// This program's version is not the live one: a rebuild makes it so.
        case awaitingRebuild(live: Int, declared: Int)
    }

    /// One partition of the live build.
    public struct Partition: Sendable {
        public let number: Int
        /// The last position whose effect is committed.
        public let position: GlobalPosition
        /// How many events of the log are still before it, whichever partition they belong to.
        public let lag: Int64
        /// How long ago the oldest of them was recorded; zero when there is none.
        public let lagTime: Duration
        /// The process that works on it; nil when none does.
        public let member: UUID?
        /// Events a second that took effect lately; zero when no process works on it.
        public let rate: Double
        /// Why the last try failed; nil when it did not. As the process told last, which it does three times a lease.
        public let lastError: String?
    }

    public let name: String
    /// Of the live build.
    public let version: Int
    public let state: State
    public let partitions: [Partition]
    /// The log's end when this was asked.
    public let head: GlobalPosition
    /// Keys of which events are parked.
    public let parkedKeys: Int

    /// The position up to which all partitions have come.
    public var position: GlobalPosition { partitions.map(\.position).min() ?? .start }

    /// How many events of the log are still before it.
    public var lag: Int64 { max(0, head.rawValue - position.rawValue) }

    /// How long ago the oldest event was recorded that is still before it; zero when there is none.
    public var lagTime: Duration { partitions.map(\.lagTime).max() ?? .zero }

    /// Events a second that took effect lately.
    public var rate: Double { partitions.map(\.rate).reduce(0, +) }

    /// Why it has stopped, or else why the last try of a partition failed.
    public var lastError: String? {
        if case .stopped(let reason) = state { reason } else { partitions.lazy.compactMap(\.lastError).first }
    }
}

extension ProjectionStatus.State {
    /// As it is stored.
    var word: String {
        switch self {
        case .running, .awaitingRebuild: "running"
        case .paused: "paused"
        case .stopped: "stopped"
        }
    }
}
