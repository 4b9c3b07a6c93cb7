public import FoundationEssentials

/// An event as it was recorded: what happened, where it stands, and when the database took it.
///
/// Generic over the aggregate rather than its event, so that the stream's id comes back typed and a projection's
/// input says by its type alone which category of streams it reads.
public struct Recorded<A: Aggregate>: Sendable {
    /// Unique among all events, chosen by the appending process.
    public let id: UUID
    public let stream: StreamID<A>
    /// The place in its stream, from 1.
    public let version: StreamVersion
    /// The place in the log of all events, from 1.
    public let position: GlobalPosition
    /// The database's clock at the append; never decreases along the log. In microseconds.
    public let recordedAt: Date
    public let metadata: Metadata
    public let event: A.Event

    public init(
        id: UUID, stream: StreamID<A>, version: StreamVersion, position: GlobalPosition, recordedAt: Date,
        metadata: Metadata, event: A.Event
    ) {
        self.id = id
        self.stream = stream
        self.version = version
        self.position = position
        self.recordedAt = recordedAt
        self.metadata = metadata
        self.event = event
    }
}
