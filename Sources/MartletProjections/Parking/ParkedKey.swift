public import FoundationEssentials
public import MartletDomain

/// A key of which events are parked: the first one, and how many there are with those that wait behind it.
public struct ParkedKey: Hashable, Sendable {
    public let key: String
    public let partition: Int
    /// When the first of its events that is still parked was written down.
    public let since: Date
    /// How many events are parked, with the first.
    public let count: Int
    /// Of the first event, as are all that follow.
    public let position: GlobalPosition
    public let stream: StreamName
    public let type: String
    /// Why it could not be projected; nil when it only waited behind one that an operator has dealt with since.
    public let problem: String?
    /// How often it was tried.
    public let attempts: Int
}

/// A parked event, with what the log has of it.
public struct ParkedEvent: Hashable, Sendable {
    public let position: GlobalPosition
    public let id: UUID
    public let stream: StreamName
    public let type: String
    public let recordedAt: Date
    public let parkedAt: Date
    public let attempts: Int
    /// Why it could not be projected; nil when it only waits behind another.
    public let problem: String?
    /// The payload as it is stored: JSON, with whatever it says of people.
    public let payload: String
    /// A JSON object.
    public let metadata: String
}

/// What became of an operator's retry of a key.
public struct RetryOutcome: Hashable, Sendable, Codable {
    public let key: String
    /// How many of its events took effect.
    public let projected: Int
    /// Why the next one failed again, which is still parked with those behind it; nil when nothing is parked any more.
    public let problem: String?
}
