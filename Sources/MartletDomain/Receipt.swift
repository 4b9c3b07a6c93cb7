/// Proof that events are committed: where an append ended.
public struct Receipt: Hashable, Codable, Sendable {
    /// The stream's version after the append.
    public let version: StreamVersion
    /// The position of the append's last event; for several streams in one unit, of the unit's last. Where no events
    /// were appended it is a position at or after the last event that was seen, so that waiting for it still means
    /// having seen what the command saw.
    public let position: GlobalPosition
    /// Whether the command's id was known already, and this is the answer that it got then; after a lost link that may be
    /// this command's own first sending.
    public let isRepeated: Bool

    public init(version: StreamVersion, position: GlobalPosition, isRepeated: Bool = false) {
        self.version = version
        self.position = position
        self.isRepeated = isRepeated
    }
}
