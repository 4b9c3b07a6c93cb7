package import FoundationEssentials
import MartletPostgres

extension PostgresLogStorage {
    package func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> RecordPage {
        if let page = try await readOn(partition, from: offset, upTo: limits) { return page }
        let rows = try await read(partition, from: offset, upTo: limits)
        guard let extent = rows.first else { throw try await absence(of: partition) }
        let (first, next) = try decoding { () throws(PostgresDecodingError) in
            (try extent.decode(column: 0) as Int64, try extent.decode(column: 1) as Int64)
        }
        let range = Offset(rawValue: first)...Offset(rawValue: max(first, next))
        guard range.contains(offset) else { throw .offsetOutOfRange(partition, offset, expected: range) }
        let records = try self.records(in: rows.dropFirst(), of: partition)
        if let last = records.last { try await learnSegment(of: partition, around: last.offset) }
        return RecordPage(records: records, isEnd: (records.last?.offset.next ?? offset).rawValue == next)
    }

    private func records(
        in rows: some Collection<Row>, of partition: TopicPartition
    ) throws(StreamingLogError) -> [StoredRecord] {
        var records: [StoredRecord] = []
        records.reserveCapacity(rows.count)
        for row in rows {
            records.append(
                try decoding { () throws(PostgresDecodingError) in try StoredRecord(row, of: partition) })
        }
        return records
    }

    /// From the segment where the last record was found; nil unless the one that was asked for is there, or is to come.
    private func readOn(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> RecordPage? {
        guard let segment = readSegments[partition] else { return nil }
        let sql: SQL = """
            SELECT NULL::bigint, NULL::bigint, "offset", appended_at, created_at, message_id, key, value, headers
            FROM \(schema).\(segment.read)(\(segment.topic), \(segment.number), \(Int32(clamping: partition.number)),
                \(offset.rawValue), \(Int32(clamping: limits.records)), \(Int64(limits.bytes)))
            """
        do throws(StreamingLogError) {
            let rows = try await rows(of: .prepared(sql))
            let isEnd = try decoding { () throws(PostgresDecodingError) in
                guard let last = rows.last else { return false }
                return try last.decode(column: 2, as: Int64?.self) == nil
            }
            let found = try records(in: isEnd ? rows.dropLast() : rows[...], of: partition)
            guard isEnd || found.first?.offset == offset else { return nil }
            return RecordPage(records: found, isEnd: isEnd)
        } catch .database(let error) where [.undefinedFunction, .undefinedTable].contains(error.sqlState) {
            readSegments[partition] = nil
            return nil
        }
    }

    private func learnSegment(of partition: TopicPartition, around offset: Offset) async throws(StreamingLogError) {
        let row = try await rows(
            of: """
                SELECT s.topic, s.segment FROM \(schema).topics t
                JOIN \(schema).segment_starts b ON b.topic = t.topic
                JOIN \(schema).segments s ON s.topic = b.topic AND s.segment = b.segment
                WHERE t.name = \(partition.topic.description) AND b.partition = \(Int32(partition.number))
                    AND b.first_offset <= \(offset.rawValue) AND s.rewrites = 0
                ORDER BY b.segment DESC LIMIT 1
                """
        ).first
        guard let row else { return }
        let (topic, number) = try decoding { () throws(PostgresDecodingError) in
            try row.decode(Int32.self, Int32.self)
        }
        readSegments[partition] = TopicSegment(topic: topic, number: number)
    }

    private func read(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> Rows {
        try await rowsOfSegments(
            .prepared(
                """
                SELECT first_offset, next_offset, "offset", appended_at, created_at, message_id, key, value, headers
                FROM \(schema).read_records(\(partition.topic.description), \(Int32(clamping: partition.number)),
                    \(offset.rawValue), \(Int32(clamping: limits.records)), \(Int64(limits.bytes)))
                """))
    }

    /// Where a segment's table is dropped between the look at the list and at the table, there is another look; the next
    /// one may go as well by then.
    func rowsOfSegments(_ sql: SQL) async throws(StreamingLogError) -> Rows {
        for _ in 0..<50 {
            do throws(StreamingLogError) {
                return try await rows(of: sql)
            } catch .database(let error) where error.sqlState == .undefinedTable && error.isOfRecords {}
        }
        return try await rows(of: sql)
    }

    func absence(of partition: TopicPartition) async throws(StreamingLogError) -> StreamingLogError {
        guard let found = try await topics(named: [partition.topic]).first else {
            return .unknownTopic(partition.topic)
        }
        return .unknownPartition(partition, of: found.topic.partitions)
    }

    package func offset(
        in partition: TopicPartition, at time: Date
    ) async throws(StreamingLogError) -> Offset? {
        let rows = try await rowsOfSegments(
            "SELECT \(schema).offset_at(\(partition.topic.description), \(Int32(clamping: partition.number)), \(time))")
        if let offset = try optionalNumber(in: rows) { return Offset(rawValue: offset) }
        guard let found = try await topics(named: [partition.topic]).first,
            found.partitions.indices.contains(partition.number)
        else { throw try await absence(of: partition) }
        return nil
    }
}

extension PostgresError {
    /// Whether it names a table of records, and not one that the migrations make.
    fileprivate var isOfRecords: Bool { message.contains(".records_") }
}

extension StoredRecord {
    fileprivate init(_ row: Row, of partition: TopicPartition) throws(PostgresDecodingError) {
        let offset: Int64 = try row.decode(column: 2)
        let appendedAt: Date = try row.decode(column: 3)
        let createdAt: Date? = try row.decode(column: 4)
        let headers: Bytea? = try row.decode(column: 8)
        guard let decoded = [Record.Header](encoded: headers?.bytes ?? []) else {
            throw PostgresDecodingError(column: "headers", problem: "expected pairs of names and values")
        }
        self.init(
            partition: partition, offset: Offset(rawValue: offset),
            key: (try row.decode(column: 6) as Bytea?)?.bytes, value: (try row.decode(column: 7) as Bytea?)?.bytes,
            headers: decoded, messageID: try row.decode(column: 5), timestamp: createdAt ?? appendedAt,
            appendedAt: appendedAt)
    }
}
