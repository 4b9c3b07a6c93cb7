/// Proof that events are committed: where an append ended.
public struct Receipt: Hashable, Codable, Sendable {
    /// The stream's version after the append.
    public let version: StreamVersion
    /// The position of the append's last event. A command that caused no events gives the position of the stream's
    /// last event as it was read, so that waiting for it still means having seen what the command saw.
    public let position: GlobalPosition

    public init(version: StreamVersion, position: GlobalPosition) {
        self.version = version
        self.position = position
    }
}
