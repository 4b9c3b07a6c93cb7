public import MartletDomain

/// How far a rebuild has come.
public struct RebuildProgress: Sendable {
    public enum Stage: String, Sendable {
        /// Reads the log from its start, or from where it was left.
        case filling = "filling"
        /// Follows the log while the old build serves.
        case catchingUp = "catching up"
        case verifying = "verifying"
        case swapping = "swapping"
    }

    public let stage: Stage
    /// Everything up to here is in the new build, or on its way there.
    public let position: GlobalPosition
    /// The log's end, or where the past state ends.
    public let target: GlobalPosition
    /// Since this process began, without what an earlier one had done.
    public let events: Int
    public let elapsed: Duration

    /// From 0 to 1.
    public var fraction: Double {
        target == .start ? 1 : min(1, Double(position.rawValue) / Double(target.rawValue))
    }

    public var eventsPerSecond: Double {
        let seconds = elapsed / .seconds(1)
        return seconds > 0 ? Double(events) / seconds : 0
    }

    /// The time that is left if it goes on as it has; nil while nothing can be said.
    public var remaining: Duration? {
        guard eventsPerSecond > 0 else { return nil }
        return .seconds(Double(max(0, target.rawValue - position.rawValue)) / eventsPerSecond)
    }
}
