/// How many aggregates' states a process keeps between commands, to save reading their events.
public struct CacheLimits: Sendable {
    /// The most aggregates; none turns the cache off.
    public var count: Int
    /// The most bytes of all states together, as they are estimated: what a snapshot of the state takes where one has
    /// been read or written, and for the rest the payloads of the events that were folded into it.
    ///
    /// Swift's own objects take one to four times as much as the JSON of the same state; but a state that only sums
    /// up its events takes far less than they do.
    public var bytes: Int

    public init(count: Int = 10_000, bytes: Int = 64 << 20) {
        (self.count, self.bytes) = (count, bytes)
    }

    public static let off = CacheLimits(count: 0, bytes: 0)
}

/// What the cache of aggregates holds, and how often it saved reading a whole stream.
public struct CacheStatus: Hashable, Sendable {
    public var count = 0
    /// As ``CacheLimits/bytes`` are estimated.
    public var bytes = 0
    /// How often a state was there.
    public var hits = 0
    public var misses = 0
}
