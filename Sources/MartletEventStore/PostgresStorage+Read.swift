import MartletDomain
import MartletPostgres

extension PostgresStorage {
    package func readStream(
        _ stream: StreamName, _ page: StreamPage
    ) async throws(EventStoreError) -> [StoredEvent] {
        let rest: SQL =
            switch page.direction {
            case .forwards: "version > \(page.from.rawValue) \(page.asOf.condition) ORDER BY version"
            case .backwards: "version < \(page.from.rawValue) \(page.asOf.condition) ORDER BY version DESC"
            }
        return try await events(
            of: """
                SELECT \(StoredEvent.columns) FROM \(schema).events
                WHERE stream_id = \(stream.description) AND \(rest) LIMIT \(page.limit)
                """)
    }

    package func readLog(_ page: LogPage) async throws(EventStoreError) -> LogPage.Answer {
        let found = try await events(
            of: """
                SELECT \(StoredEvent.columns) FROM \(schema).events
                WHERE position > \(page.from.rawValue) ORDER BY position LIMIT \(page.limit)
                """)
        return LogPage.Answer(events: found, through: found.last?.position ?? page.from)
    }

    private func events(of sql: SQL) async throws(EventStoreError) -> [StoredEvent] {
        try await rows(of: sql, prepared: true).map { row throws(EventStoreError) in try StoredEvent(row) }
    }
}

extension AsOf? {
    fileprivate var condition: SQL {
        switch self {
        case nil: ""
        case .version(let version): "AND version <= \(version.rawValue)"
        case .position(let position): "AND position <= \(position.rawValue)"
        case .date(let date): "AND recorded_at <= \(date)"
        }
    }
}
