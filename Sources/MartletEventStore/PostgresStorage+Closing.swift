import MartletDomain
import MartletPostgres

extension PostgresStorage {
    package func close(
        _ stream: StreamName, expecting expected: ExpectedVersion
    ) async throws(EventStoreError) -> CloseOutcome {
        let rows = try await rows(
            of: """
                SELECT last_version, is_closed
                FROM \(schema).close_stream(\(stream.description), \(expected.code))
                """)
        let (version, isClosed) = try decoding(rows.first) { row throws(PostgresDecodingError) in
            try row.decode(Int64.self, Bool.self)
        }
        return isClosed
            ? .closed(at: StreamVersion(rawValue: version)) : .conflict(actual: StreamVersion(rawValue: version))
    }

    package func archive(_ stream: StreamName) async throws(EventStoreError) -> Int? {
        let rows = try await rows(of: "SELECT \(schema).archive_stream(\(stream.description)) AS moved")
        return try decoding(rows.first) { row throws(PostgresDecodingError) in
            try row.decode("moved", as: Int?.self)
        }
    }

    package func forgetCommands(olderThan age: Duration) async throws(EventStoreError) -> Int {
        var forgotten = 0
        while true {
            // Little by little, so that no append waits long and no transaction lasts. What a process manager has not seen
            // the end of may be sent again, however long ago it was sent first.
            let count = try await rows(
                of: """
                    DELETE FROM \(schema).commands WHERE command_id IN (
                        SELECT command_id FROM \(schema).commands
                        WHERE recorded_at < least(
                            statement_timestamp() - make_interval(secs => \(age / .seconds(1))),
                            (SELECT min(e.issued_at) FROM \(schema).process_effects e))
                        LIMIT 1000
                    )
                    """
            ).affectedCount
            forgotten += count
            if count < 1000 { return forgotten }
        }
    }
}
