public import FoundationEssentials
public import MartletDomain

/// How a projection is doing, in whatever processes it runs.
public struct ProjectionStatus: Sendable {
    public enum State: Hashable, Sendable {
        case running
        /// By an operator.
        case paused
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
        /// The process that works on it; nil when none does.
        public let member: UUID?
        /// Events a second that took effect lately.
        public let rate: Double
        /// Why the last try failed; nil when it did not.
        public let lastError: String?
    }

    public let name: String
    /// Of the live build.
    public let version: Int
    public let state: State
    public let partitions: [Partition]
    /// The log's end when this was asked.
    public let head: GlobalPosition
    /// How long ago the oldest event was recorded that is still before it; zero when there is none.
    public let lagTime: Duration
    /// Keys of which events are parked.
    public let parkedKeys: Int

    /// The position up to which all partitions have come.
    public var position: GlobalPosition { partitions.map(\.position).min() ?? .start }

    /// How many events of the log are still before it.
    public var lag: Int64 { max(0, head.rawValue - position.rawValue) }

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
