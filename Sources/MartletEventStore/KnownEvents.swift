public import MartletDomain

/// The events of one category that a build knows how to read, for ``EventStore/verify(against:isolation:progress:)``.
public struct KnownEvents: Sendable {
    public let category: String
    /// What is wrong with the declared history; nil when nothing is.
    let flaw: @Sendable (EventCodec) -> String?
    /// Decodes an event of the category, and forgets it.
    let read: @Sendable (EventCodec, StoredEvent) throws(EventStoreError) -> Void

    /// All events of an aggregate.
    public static func aggregate<A: Aggregate>(_: A.Type) -> KnownEvents {
        KnownEvents(category: A.category) { codec in
            codec.flaw(of: A.self)
        } read: { codec, stored throws(EventStoreError) in
            _ = try codec.decode(stored, of: A.self)
        }
    }
}
