import MartletDomain
package import MartletPostgres

extension EventStore {
    /// Leaves an event to be appended to a stream, whatever its version, together with a transaction's commit, so that
    /// the log is not locked while anybody waits for a client.
    ///
    /// When the stream is closed the transaction fails.
    /// - Throws: ``EventStoreError`` when the name, the event or the metadata cannot be stored.
    /// - Precondition: the transaction is of the database that the store is in.
    package func enqueueAppend<A: Aggregate>(
        of event: A.Event, to id: StreamID<A>, in transaction: Transaction
    ) throws(EventStoreError) {
        guard let storage = storage as? PostgresStorage else {
            preconditionFailure("expected an event store in PostgreSQL")
        }
        let stream = try AppendUnit.Stream([event], to: id, expecting: .any, metadata: .none, codec: codec)
        for event in stream.events {
            _ = transaction.enqueueAtCommit(
                """
                SELECT \(storage.schema).append_at_commit(
                    \(stream.id), \(event.id), \(event.type), \(event.typeVersion), \(JSON(bytes: event.payload)),
                    \(JSON(bytes: event.metadata)))
                """)
        }
    }
}
