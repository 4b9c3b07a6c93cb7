public import FoundationEssentials
public import MartletDomain

/// How a projection is rebuilt.
public struct RebuildOptions: Sendable {
    /// The most events a second, so that the database has time for others; nil is as fast as it goes.
    public var throttle: Int?
    /// Whether the new build becomes the live one although its rows are not those of the old one.
    public var acceptsDifferences: Bool
    /// Whether a version that is live already is built again although the build of another version, which is kept for a
    /// roll-back, is dropped for it.
    public var replacesPrevious: Bool
    /// Builds the state of that moment beside the live one, and swaps nothing.
    public var until: Moment?
    /// How many bytes of rows are kept in memory before they are written, about.
    public var memory: Int
    /// Called at each step; what it throws ends the rebuild there.
    package var atStep: @Sendable (RebuildStep) async throws -> Void = { _ in }

    /// A moment of the log.
    public enum Moment: Hashable, Sendable {
        case position(GlobalPosition)
        /// By the database's clock.
        case date(Date)
    }

    public init(
        throttle: Int? = nil, acceptsDifferences: Bool = false, replacesPrevious: Bool = false,
        until: Moment? = nil, memory: Int = 160 << 20
    ) {
        precondition(
            throttle.map { $0 > 0 } ?? true, "expected a throttle from 1 event a second, found \(throttle ?? 0)")
        (self.throttle, self.acceptsDifferences) = (throttle, acceptsDifferences)
        (self.replacesPrevious, self.until, self.memory) = (replacesPrevious, until, memory)
    }
}

/// Where a rebuild can be ended by a test, as by kill -9.
package enum RebuildStep: String, CaseIterable, Sendable {
    case begun = "begun"
    /// Between what partitions have written.
    case flushed = "flushed"
    case caughtUp = "caught up"
    case verified = "verified"
    /// Within the transaction that swaps.
    case swapping = "swapping"
    case swapped = "swapped"
}
