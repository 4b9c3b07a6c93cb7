public import MartletDomain

/// What a rebuild has done.
public struct RebuildReport: Sendable {
    /// One table of the new build.
    public struct Table: Sendable {
        public let name: String
        public let rows: Int
        /// Of the table of this name in the build that was live; nil when it had none, or was not looked at.
        public let rowsBefore: Int?
    }

    /// How it was made sure that the new build is right.
    public enum Verification: Sendable, Equatable {
        /// Row counts and checksums of all tables are those of the old build at the same positions.
        case sameRows
        /// They are not, and that was accepted.
        case acceptedDifferences([TableDifference])
        /// So many keys came out the same when they were folded apart from the table.
        case sampled(keys: Int)
        /// There is no second opinion on what the projection's own SQL wrote; its rows were counted.
        case countedOnly
    }

    public let projection: String
    public let version: Int
    /// Of the build that was live before.
    public let versionBefore: Int
    /// The schema that the tables are in now.
    public let schema: String
    /// Everything up to here is in them.
    public let position: GlobalPosition
    /// Events that this process read.
    public let events: Int
    public let elapsed: Duration
    /// Where an earlier process had left it; nil when it began anew.
    public let resumedFrom: GlobalPosition?
    /// The version of an unfinished build that was of no use any more and was dropped.
    public let droppedVersion: Int?
    public let tables: [Table]
    public let verification: Verification
    /// Keys of which events could not be projected, and wait.
    public let parkedKeys: Int
    /// Whether it is live now; a past state is not.
    public let isLive: Bool

    public var eventsPerSecond: Double { Double(events) / max(elapsed / .seconds(1), 0.000_001) }
}

/// How two builds' tables of one name differ.
public struct TableDifference: Hashable, Sendable {
    public let table: String
    /// How many rows only one of them has, or both with other values.
    public let rows: Int
    /// Some of their keys.
    public let examples: [String]
}

/// What a roll-back has done.
public struct RollBackReport: Sendable {
    public let projection: String
    /// Which is live again.
    public let version: Int
    /// Which can be had back by another roll-back.
    public let versionBefore: Int
    /// Where the read model stands now, and goes on from when a program of that version runs.
    public let position: GlobalPosition
}
