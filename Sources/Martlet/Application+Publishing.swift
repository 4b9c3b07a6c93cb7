public import MartletEventStore
public import MartletMessaging
public import MartletPostgres
public import MartletStreamingLog

extension Application {
    /// The publication of this type.
    /// - Precondition: the application was given it.
    public func publication<P: Publication>(_: P.Type) -> PublicationHandle {
        guard let found = publications.first(where: { $0.name == P.name }) else {
            preconditionFailure("expected the publication \"\(P.name)\" among the application's parts")
        }
        return found
    }

    /// Publishes a message that is no event together with a transaction: it comes to its topic if that commits, and
    /// once; see ``MartletEventStore/EventStore/publish(_:on:in:)``.
    ///
    /// ```swift
    /// try await shop.pool.transaction { transaction in
    ///     try await transaction.execute("UPDATE prices SET …")
    ///     try shop.publish(Record(key: Array("tea".utf8), value: price), on: "prices", in: transaction)
    /// }
    /// ```
    /// - Throws: ``EventStoreError`` when the message cannot be stored.
    /// - Precondition: the application was given ``Publishing/messages``, and the transaction is of its database.
    public func publish(
        _ record: Record, on topic: TopicName, in transaction: Transaction
    ) throws(EventStoreError) {
        precondition(
            publications.contains(where: \.isOutbox), "expected Publishing.messages among the application's parts")
        try store.publish(record, on: topic, in: transaction)
    }

    /// The same with an event in the envelope of CloudEvents.
    /// - Parameter key: what orders messages; nil leaves the message without an order.
    /// - Throws: ``CloudEventError``, ``EventStoreError``.
    public func publish(
        _ event: CloudEvent, on topic: TopicName, key: String?, mode: CloudEvent.Mode = .binary,
        in transaction: Transaction
    ) throws {
        try publish(try event.record(key: key.map { Array($0.utf8) }, mode: mode), on: topic, in: transaction)
    }
}
