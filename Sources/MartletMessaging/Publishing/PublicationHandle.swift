public import MartletDomain
import MartletEventStore
public import MartletProjections
public import MartletStreamingLog

/// One publication of an application: to ask how its relay is doing, and to operate it.
public struct PublicationHandle: Sendable {
    public let name: String
    /// Where its messages go; nil where each names its own.
    public let topic: TopicName?
    /// What follows the log of events for it, as for a projection: to be paused and resumed, to wait for, and to look at
    /// what is parked and retry it.
    public let follower: ProjectionHandle
    /// Whether its messages go into the application's own log.
    package let isIntoOwnLog: Bool
    /// Makes the topic when it is missing.
    package let prepareTopic: @Sendable () async throws -> Void
    let replay: @Sendable (Replay) async throws -> Void

    init(
        _ writer: RelayWriter<some MessageSource>, isIntoOwnLog: Bool, in surroundings: ProjectionSurroundings
    ) {
        self.isIntoOwnLog = isIntoOwnLog
        (name, topic) = (writer.declaration.name, writer.source.topic?.name)
        follower = ProjectionHandle(writer, in: surroundings)
        prepareTopic = { if let topic = writer.source.topic { try await writer.log.make(topic) } }
        replay = { replay in try await writer.run(replay) }
    }

    /// Whether it is the one that takes messages which are no events to their topics; see ``Publishing/messages``.
    public var isOutbox: Bool { name == Outbox.name }

    /// How the relay is doing, in whatever processes it runs.
    /// - Throws: `PostgresError` when the database cannot be asked.
    public func status() async throws -> ProjectionStatus { try await follower.status() }

    /// Waits until what a command did is in its topic; false when that takes longer than the limit.
    /// - Throws: `PostgresError`, `CancellationError`.
    public func caughtUp(to receipt: Receipt, within limit: Duration = .seconds(5)) async throws -> Bool {
        try await follower.caughtUp(to: receipt, within: limit)
    }

    /// Sends what the publication says today of all events after a position into another topic of the same log, up to
    /// where the log of events ends now.
    ///
    /// The relay goes on beside it, and its place stays as it is. When it was broken off, or the log was away, it can be
    /// begun again with the same position: what is in the topic already is left out. One replay at a time goes into a
    /// topic; the one that comes ends the one before.
    /// - Parameters:
    ///   - topic: made like the publication's own when it is missing.
    ///   - progress: called after each page of events.
    /// - Throws: ``PublicationError``, ``StreamingLogError``, `EventStoreError`, and what the publication throws, with
    ///   nothing sent of the page of the event that it was about.
    public func replay(
        after position: GlobalPosition = .start, into topic: TopicName,
        progress: @escaping @Sendable (ReplayProgress) -> Void = { _ in }
    ) async throws {
        guard topic != self.topic else { throw PublicationError.intoOwnTopic(publication: name, topic) }
        try await replay(Replay(position: position, topic: topic, progress: progress))
    }
}

/// How far a replay has come.
public struct ReplayProgress: Hashable, Sendable {
    /// Up to where the events have been sent.
    public let position: GlobalPosition
    /// Where it ends.
    public let end: GlobalPosition
    /// How many messages were made of them.
    public let messages: Int
}

/// Why an operator's wish about a publication cannot be done.
public enum PublicationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A replay into the topic in which the messages are: whoever reads it would have them twice.
    case intoOwnTopic(publication: String, TopicName)

    public var description: String {
        switch self {
        case .intoOwnTopic(let name, let topic):
            "publication \"\(name)\": expected a replay into another topic than its own, found \"\(topic)\""
        }
    }
}
