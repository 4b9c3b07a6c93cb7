public import MartletDomain

/// How a projection is doing, as seen from one process.
public struct ProjectionStatus: Sendable {
    public let name: String
    /// The last position whose effect is committed.
    public let position: GlobalPosition
    /// How many events of the log are still before it.
    public let lag: Int64
    /// Why this process's last try failed; nil when it did not.
    public let lastError: String?
}
