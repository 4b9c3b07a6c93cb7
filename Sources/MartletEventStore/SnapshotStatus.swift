/// What has become of the snapshots of this process.
public struct SnapshotStatus: Hashable, Sendable {
    /// How many were sent to the database without an error.
    public var written = 0
    /// How many were not even tried, because too many waited.
    public var dropped = 0
    /// Why one could not be written, or read, last: such as a state that cannot be encoded.
    public var lastError: String?
}
