import FoundationEssentials
import MartletPostgres

extension PostgresLogStorage {
    package func register(_ producer: ProducerID, epoch: Int64?) async throws(StreamingLogError) -> Int64 {
        let rows = try await rows(of: "SELECT \(schema).register(\(producer.description), \(epoch))")
        let granted = try optionalNumber(in: rows)
        guard let granted else { throw .fenced(producer, epoch: epoch ?? 0) }
        return granted
    }

    package func lastSequences(
        of producer: ProducerID, in topic: TopicName
    ) async throws(StreamingLogError) -> [Int64] {
        let rows = try await rows(
            of: """
                SELECT \(schema).last_sequences(\(producer.description), t.topic)
                FROM \(schema).topics t WHERE t.name = \(topic.description)
                """)
        guard let row = rows.first else { throw .unknownTopic(topic) }
        return try decoding { () throws(PostgresDecodingError) in try row.decode([Int64].self) }
    }

    package func append(
        _ batches: [RecordBatch], to topic: TopicName
    ) async throws(StreamingLogError) -> [BatchVerdict] {
        let appended = try layingOut { () throws(PostgresError) in
            try AppendedBatches(batches, to: topic, places: places)
        }
        var segment = try await openSegment(of: topic)
        for _ in 0..<5 {
            let rows: Rows
            do throws(PostgresError) {
                rows = try await pool.queryToTheEnd(.prepared(appended.call(on: segment, in: schema)))
            } catch let error where error.sqlState == .undefinedFunction {
                // The segment is gone, as with its topic.
                segment = try await findOpenSegment(of: topic)
                continue
            } catch { throw .database(error) }
            guard let row = rows.first else { throw .corrupt("expected an answer to an append, found none") }
            if let verdicts = try verdicts(in: row, on: batches, to: topic) { return verdicts }
            segment = try await findOpenSegment(of: topic)
        }
        throw .database(PostgresError(sqlState: .lockNotAvailable, message: "the topic's segments end too fast"))
    }

    func openSegment(of topic: TopicName) async throws(StreamingLogError) -> TopicSegment {
        if let known = openSegments[topic] { return known.segment }
        return try await findOpenSegment(of: topic)
    }

    /// The segment as it is now. What was known goes only when the answer is there: others append by it meanwhile.
    @discardableResult
    func findOpenSegment(of topic: TopicName) async throws(StreamingLogError) -> TopicSegment {
        let rows = try await rows(
            of: """
                SELECT s.topic, s.segment, t.is_compacted
                FROM \(schema).topics t JOIN \(schema).segments s ON s.topic = t.topic
                WHERE t.name = \(topic.description) AND s.closed_at IS NULL
                """)
        guard let row = rows.first else {
            openSegments[topic] = nil
            throw .unknownTopic(topic)
        }
        let (id, number, isCompacted) = try decoding { () throws(PostgresDecodingError) in
            try row.decode(Int32.self, Int32.self, Bool.self)
        }
        let segment = TopicSegment(topic: id, number: number)
        openSegments[topic] = OpenSegment(segment: segment, isCompacted: isCompacted)
        return segment
    }

    /// Nil when another segment takes what is appended.
    private func verdicts(
        in row: Row, on batches: [RecordBatch], to topic: TopicName
    ) throws(StreamingLogError) -> [BatchVerdict]? {
        let (verdicts, ends, counts, lasts, placesNow) = try decoding { () throws(PostgresDecodingError) in
            try row.decode([String]?.self, [Int64?]?.self, [Int32?]?.self, [Int64?]?.self, [String?]?.self)
        }
        guard let verdicts, let ends, let counts, let lasts, let placesNow else { return nil }
        guard Set([verdicts.count, ends.count, counts.count, lasts.count, placesNow.count]) == [batches.count] else {
            throw .corrupt("expected \(batches.count) verdicts, found \(verdicts.count)")
        }
        var found: [BatchVerdict] = []
        for (index, batch) in batches.enumerated() {
            places[batch.key(in: topic)] = placesNow[index]
            switch verdicts[index] {
            case "appended":
                guard let end = ends[index], let count = counts[index] else {
                    throw .corrupt("expected an end and a count, found none")
                }
                found.append(.appended(end: Offset(rawValue: end), new: Int(count)))
            case "fenced": found.append(.fenced)
            case "missing": found.append(.missing(last: lasts[index] ?? -1))
            case "absent": found.append(.unknownPartition)
            case let other: throw .corrupt("expected a verdict, found \"\(other)\"")
            }
        }
        return found
    }
}

extension RecordBatch {
    func key(in topic: TopicName) -> SequenceKey {
        SequenceKey(producer: producer, partition: TopicPartition(topic, partition))
    }
}
