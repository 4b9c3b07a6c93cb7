import MartletEventStore
package import MartletProjections
public import MartletStreamingLog

/// A publication as a part of an application.
///
/// ```swift
/// let shop = Application(postgres: .environment) {
///     OrderSummaries()
///     Publishing(OrderMessages())
/// }
/// ```
public struct Publishing: Sendable {
    /// Whether it goes into the application's own log.
    package let isIntoOwnLog: Bool
    package let wire: @Sendable (ProjectionSurroundings, EmbeddedLog) -> PublicationHandle

    /// Into the streaming log in the application's own database: a message and the place up to which events have become
    /// messages are kept in one transaction.
    public init<P: Publication>(_ publication: P) { self.init(PublicationSource(publication), into: nil) }

    /// Into any other log, where each message comes to stand once.
    ///
    /// The log has a message before the database keeps that it does. Only an event of which a program died five times
    /// just between the two is parked though its messages may have been sent, and has them sent again by a retry.
    public init<P: Publication>(_ publication: P, to log: some StreamingLog) {
        self.init(PublicationSource(publication), into: RelayLog(log))
    }

    /// Takes what ``Application/publish(_:on:in:)`` has left to its topics, in the application's own log.
    public static var messages: Publishing { Publishing(OutboxSource(), into: nil) }

    /// The same, with topics of another log.
    public static func messages(to log: some StreamingLog) -> Publishing {
        Publishing(OutboxSource(), into: RelayLog(log))
    }

    private init(_ source: some MessageSource, into other: RelayLog?) {
        isIntoOwnLog = other == nil
        wire = { surroundings, own in
            PublicationHandle(
                RelayWriter(source, into: other ?? RelayLog(own: own), store: surroundings.store),
                isIntoOwnLog: other == nil, in: surroundings)
        }
    }
}
