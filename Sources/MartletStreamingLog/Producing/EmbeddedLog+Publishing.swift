package import MartletPostgres

/// Appending in a transaction of the database that the log is in.
extension EmbeddedLog {
    /// Whether the log's tables are there, and so a transaction of that database may append to them.
    package var isInPostgres: Bool { storage is PostgresLogStorage }

    /// Asks which segment takes what is appended to a topic, so that ``publication(of:to:)`` need not. Others may publish by
    /// what was known before for as long as this takes.
    package func prepareToPublish(to topic: TopicName) async throws(StreamingLogError) {
        guard let storage = storage as? PostgresLogStorage else { return }
        try await storage.findOpenSegment(of: topic)
    }

    /// The statement that appends batches to a topic, each wholly new, or fails the transaction; to be sent with COMMIT,
    /// since it locks the partitions.
    /// - Throws: ``StreamingLogError/recordTooLarge(bytes:limit:)``, ``StreamingLogError/invalid(_:)``, also for what has no
    ///   key in a compacted topic, ``StreamingLogError/unknownTopic(_:)``, also where the topic was not prepared,
    ///   ``StreamingLogError/database(_:)`` for what cannot be a parameter.
    package func publication(of batches: [RecordBatch], to topic: TopicName) throws(StreamingLogError) -> SQL {
        guard let storage = storage as? PostgresLogStorage, let open = storage.openSegments[topic] else {
            throw .unknownTopic(topic)
        }
        for record in batches.lazy.flatMap(\.records).map(\.record) {
            try record.check(limit: largestRecord)
            if open.isCompacted { try record.requireKey(in: topic) }
        }
        let appended = try storage.layingOut { () throws(PostgresError) in
            try AppendedBatches(batches, to: topic, places: storage.places)
        }
        return appended.publishingCall(on: open.segment, in: storage.schema)
    }

    /// Remembers where the rows of the batches' producers have come to stand, from the statement's answer.
    package func published(_ batches: [RecordBatch], to topic: TopicName, _ answer: Rows) throws(StreamingLogError) {
        guard let storage = storage as? PostgresLogStorage, let row = answer.first else { return }
        let places = try decoding { () throws(PostgresDecodingError) in try row.decode(column: 4) as [String?] }
        for (batch, place) in zip(batches, places) { storage.places[batch.key(in: topic)] = place }
    }
}
