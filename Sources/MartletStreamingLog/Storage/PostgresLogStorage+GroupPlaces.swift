import FoundationEssentials
import MartletPostgres

extension PostgresLogStorage {
    package func groups() async throws(StreamingLogError) -> [GroupDescription] {
        let rows = try await rows(
            of: """
                SELECT g.group_name, \(schema).active_members(g.group_name),
                    ARRAY(SELECT DISTINCT t.name FROM \(schema).group_leases l
                        JOIN \(schema).topics t ON t.topic = l.topic
                        WHERE l.group_name = g.group_name ORDER BY t.name)
                FROM \(schema).groups g ORDER BY g.group_name
                """)
        var groups: [GroupDescription] = []
        for row in rows {
            let (name, members, names) = try decoding { () throws(PostgresDecodingError) in
                try row.decode(String.self, Int64.self, [String].self)
            }
            var topics: [TopicName] = []
            for name in names { topics.append(try TopicName(stored: name)) }
            groups.append(GroupDescription(name: GroupName(name), members: Int(members), topics: topics))
        }
        return groups
    }

    package func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag] {
        let rows = try await rowsOfSegments(
            """
            SELECT topic_name, partition, committed, next_offset, records, age, member
            FROM \(schema).group_lag(\(group.description))
            """)
        var lags: [PartitionLag] = []
        for row in rows {
            let (name, number, committed, end, records, age, member) = try decoding {
                () throws(PostgresDecodingError) in
                try row.decode(
                    String.self, Int32.self, Int64?.self, Int64.self, Int64.self, Double.self, UUID?.self)
            }
            lags.append(
                PartitionLag(
                    partition: TopicPartition(try TopicName(stored: name), Int(number)),
                    committed: committed.map { Offset(rawValue: $0) }, end: Offset(rawValue: end), records: records,
                    time: .seconds(max(age, 0)), member: member))
        }
        return lags
    }

    package func seek(
        _ group: GroupName, in topic: TopicName, to place: SeekPlace
    ) async throws(StreamingLogError) {
        let (word, offset, time): (String, Offset?, Date?) =
            switch place {
            case .beginning: ("beginning", nil, nil)
            case .end: ("end", nil, nil)
            case .offset(let offset): ("offset", offset, nil)
            case .time(let time): ("time", nil, time)
            }
        let rows = try await rowsOfSegments(
            """
            SELECT \(schema).seek_group(
                \(group.description), \(topic.description), \(word), \(offset?.rawValue), \(time))
            """)
        guard let members = try optionalNumber(in: rows) else { throw .unknownTopic(topic) }
        guard members == 0 else { throw .groupIsActive(group, members: Int(members)) }
    }

    package func delete(group: GroupName) async throws(StreamingLogError) {
        let rows = try await rows(of: "SELECT \(schema).delete_group(\(group.description))")
        let members = try optionalNumber(in: rows) ?? 0
        guard members == 0 else { throw .groupIsActive(group, members: Int(members)) }
    }
}
