package import FoundationEssentials
import MartletPostgres

extension PostgresLogStorage: GroupStorage {
    package func claim(
        _ topics: [TopicName], for group: GroupName, member: UUID, lease: Duration
    ) async throws(StreamingLogError) -> [GroupLease] {
        let rows = try await rows(
            of: """
                SELECT topic_name, partition, epoch, is_surplus FROM \(schema).claim(\(group.description),
                    \(topics.map(\.description)), \(member), \(lease.milliseconds) * interval '1 ms')
                """)
        var leases: [GroupLease] = []
        for row in rows {
            let (name, number, epoch, isSurplus) = try decoding { () throws(PostgresDecodingError) in
                try row.decode(String.self, Int32?.self, Int64?.self, Bool?.self)
            }
            let topic = try TopicName(stored: name)
            guard let number, let epoch, let isSurplus else { throw .unknownTopic(topic) }
            leases.append(
                GroupLease(partition: TopicPartition(topic, Int(number)), epoch: epoch, isSurplus: isSurplus))
        }
        return leases.sorted { $0.partition < $1.partition }
    }

    package func release(
        _ partitions: [TopicPartition]?, of group: GroupName, member: UUID
    ) async throws(StreamingLogError) {
        _ = try await rows(
            of: """
                SELECT \(schema).release(\(group.description), \(member), \(partitions?.map(\.topic.description)),
                    \(partitions?.map { Int32(clamping: $0.number) }))
                """)
    }

    package func committed(
        in partition: TopicPartition, by group: GroupName, epoch: Int64
    ) async throws(StreamingLogError) -> CommittedPlace? {
        let rows = try await rows(
            of: """
                SELECT committed, is_sought, place::text FROM \(schema).committed_offset(\(group.description),
                    \(partition.topic.description), \(Int32(clamping: partition.number)), \(epoch))
                """)
        guard let row = rows.first else { throw .revoked(partition) }
        let (committed, isSought, place) = try decoding { () throws(PostgresDecodingError) in
            try row.decode(Int64?.self, Bool.self, String.self)
        }
        commitPlaces[CommitKey(group: group, partition: partition)] = place
        return committed.map { CommittedPlace(Offset(rawValue: $0), isSought: isSought) }
    }

    package func commit(
        _ offset: Offset, in partition: TopicPartition, by group: GroupName, epoch: Int64
    ) async throws(StreamingLogError) {
        let key = CommitKey(group: group, partition: partition)
        let rows: Rows
        do throws(PostgresError) {
            rows = try await pool.queryToTheEnd(
                .prepared(
                    """
                    SELECT \(schema).commit_offset(\(group.description), \(partition.topic.description),
                        \(Int32(clamping: partition.number)), \(epoch), \(offset.rawValue),
                        \(commitPlaces[key])::text::tid)::text
                    """))
        } catch { throw .database(error) }
        let place = try decoding { () throws(PostgresDecodingError) in try rows.first?.decode(String?.self) }
        guard let place = place ?? nil else {
            commitPlaces[key] = nil
            throw .revoked(partition)
        }
        commitPlaces[key] = place
    }
}

extension TopicName {
    /// A name that the log's own tables have.
    init(stored name: String) throws(StreamingLogError) {
        do throws(Invalid) { try self.init(name) } catch { throw .corrupt(error.description) }
    }
}
