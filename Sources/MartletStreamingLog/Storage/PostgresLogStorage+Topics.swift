import MartletPostgres

extension PostgresLogStorage {
    package func create(_ topic: Topic) async throws(StreamingLogError) {
        try await transaction { transaction in
            let made = try await transaction.query(
                """
                INSERT INTO \(schema).topics (partitions, retention_ms, retention_bytes, segment_ms, segment_bytes,
                    is_compacted, name, protected_groups)
                VALUES (\(Int32(topic.partitions)), \(topic.retention.time?.milliseconds), \(topic.retention.bytes),
                    \(topic.segments.time.milliseconds), \(topic.segments.bytes), \(topic.isCompacted),
                    \(topic.name.description), \(topic.retention.protecting.sorted().map(\.description)))
                ON CONFLICT ON CONSTRAINT topics_name_key DO NOTHING RETURNING topic
                """)
            guard let id = try made.first?.decode(Int32.self) else { throw StreamingLogError.topicExists(topic.name) }
            try await transaction.query("SELECT \(schema).open_segment(\(id))")
        }
    }

    package func topics(named names: [TopicName]?) async throws(StreamingLogError) -> [TopicDescription] {
        let rows = try await rowsOfSegments(
            """
            SELECT t.name, t.partitions, t.is_compacted, t.retention_ms, t.retention_bytes, t.protected_groups,
                t.segment_ms, t.segment_bytes,
                array_agg(e.first_offset ORDER BY e.partition), array_agg(e.next_offset ORDER BY e.partition)
            FROM \(schema).topics t, LATERAL \(schema).extents(t.topic) e
            WHERE \(names == nil) OR t.name = ANY (\(names?.map(\.description) ?? []))
            GROUP BY t.topic ORDER BY t.name
            """)
        do {
            return try rows.map { row in try TopicDescription(row) }
        } catch let error as PostgresDecodingError {
            throw .corrupt(error.description)
        } catch {
            throw .corrupt("\(error)")
        }
    }

    package func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError) {
        try await transaction { transaction in
            let (id, before) = try await lock(topic, in: transaction)
            guard count >= before else {
                throw StreamingLogError.invalid(
                    "topic \"\(topic)\": expected \(before) partitions or more, found \(count)")
            }
            transaction.enqueue("UPDATE \(schema).topics SET partitions = \(Int32(count)) WHERE topic = \(id)")
            transaction.enqueue(
                """
                INSERT INTO \(schema).segment_starts (topic, partition, segment, first_offset)
                SELECT \(id), p, (SELECT max(s.segment) FROM \(schema).segments s WHERE s.topic = \(id)), 0
                FROM generate_series(\(Int32(before)), \(Int32(count)) - 1) p
                """)
        }
    }

    package func setRetention(
        of topic: TopicName, to retention: Topic.Retention
    ) async throws(StreamingLogError) {
        try await transaction { transaction in
            let (id, _) = try await lock(topic, in: transaction)
            transaction.enqueue(
                """
                UPDATE \(schema).topics SET retention_ms = \(retention.time?.milliseconds),
                    retention_bytes = \(retention.bytes),
                    protected_groups = \(retention.protecting.sorted().map(\.description))
                WHERE topic = \(id)
                """)
        }
    }

    package func delete(_ topic: TopicName) async throws(StreamingLogError) {
        try await transaction { transaction in
            let (id, partitions) = try await lock(topic, in: transaction)
            transaction.enqueue(
                "SELECT \(schema).lock_partitions(\(id), \((0..<Int32(partitions)).map(\.self)))")
            transaction.enqueue("SELECT \(schema).drop_segments(\(id), NULL)")
            transaction.enqueue("DELETE FROM \(schema).topics WHERE topic = \(id)")
        }
    }

    /// Keeps others from changing the topic, and says its number and how many partitions it has.
    func lock(_ topic: TopicName, in transaction: Transaction) async throws -> (id: Int32, partitions: Int) {
        let row = try await transaction.query(
            "SELECT topic, partitions FROM \(schema).topics WHERE name = \(topic.description) FOR NO KEY UPDATE"
        ).first
        guard let row else { throw StreamingLogError.unknownTopic(topic) }
        let (id, partitions) = try row.decode(Int32.self, Int32.self)
        return (id, Int(partitions))
    }
}

extension TopicDescription {
    fileprivate init(_ row: Row) throws {
        let (name, partitions, isCompacted, time, bytes, protected, segmentTime, segmentBytes, firsts, ends) =
            try row.decode(
                String.self, Int32.self, Bool.self, Int64?.self, Int64?.self, [String].self, Int64.self, Int64.self,
                [Int64].self, [Int64].self)
        let topic = Topic(
            try TopicName(name), partitions: Int(partitions),
            retention: Topic.Retention(
                time: time.map { .milliseconds($0) }, bytes: bytes, protecting: Set(protected.map { GroupName($0) })),
            isCompacted: isCompacted,
            segments: Topic.Segments(time: .milliseconds(segmentTime), bytes: segmentBytes))
        self.init(
            topic: topic,
            partitions: zip(firsts, ends).map { Extent(beginning: Offset(rawValue: $0), end: Offset(rawValue: $1)) })
    }
}

extension Duration {
    /// Rounded up, so that what is shorter than one is not none.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
