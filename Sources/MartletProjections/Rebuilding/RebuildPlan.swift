public import MartletDomain

/// What a rebuild would do, and how long that may take.
public struct RebuildPlan: Sendable {
    public enum Check: Sendable {
        /// Row counts and checksums against the live build at the same positions.
        case sameRows
        /// Some keys are folded apart from the table.
        case sample
        /// Rows are only counted.
        case count
    }

    public let projection: String
    /// To be built.
    public let version: Int
    /// Which is live.
    public let versionBefore: Int
    public let partitions: Int
    /// The tables to be made.
    public let tables: [String]
    /// The schema in which they are made.
    public let schema: String
    /// Where the build ends: the log's end now, or the past state.
    public let target: GlobalPosition
    /// Where an unfinished build stands that would be taken up.
    public let resumesFrom: GlobalPosition?
    /// The version of an unfinished build that would be dropped, since it is of another making.
    public let dropsUnfinished: Int?
    /// The version kept from the last rebuild, which would be dropped at the swap.
    public let dropsPrevious: Int?
    public let check: Check
    /// Whether the build becomes the live one.
    public let swaps: Bool
    /// Tried on the log's first events, and rolled back; nil when there were none, or they could not be projected, and
    /// for a projection by SQL of its own, which is not tried since it may do more than write its tables.
    public let eventsPerSecond: Double?
    /// Why it would be refused, as things are.
    public let obstacles: [String]

    public var events: Int64 { target.rawValue - (resumesFrom?.rawValue ?? 0) }

    /// An upper bound, about: what is folded in bulk is faster than the trial.
    public var estimate: Duration? { eventsPerSecond.map { .seconds(Double(events) / max($0, 1)) } }
}
