import MartletDomain
import MartletPostgres

extension PostgresStorage {
    package func readStream(
        _ stream: StreamName, _ page: StreamPage
    ) async throws(EventStoreError) -> [StoredEvent] {
        let place: SQL =
            switch page.direction {
            case .forwards: "version > \(page.from.rawValue)"
            case .backwards: "version < \(page.from.rawValue)"
            }
        let order: SQL = page.direction == .forwards ? "ORDER BY version" : "ORDER BY version DESC"
        let events: SQL = """
            SELECT \(StoredEvent.columns) FROM \(schema).events
            WHERE stream_id = \(stream.description) AND \(place)
            """
        guard let moment = page.asOf?.condition else {
            return try StoredEvent.all(in: await rows(of: "\(events) \(order) LIMIT \(page.limit)", prepared: true))
        }
        switch page.direction {
        case .forwards:
            // What had happened by a moment comes first: no need to look for more of it beyond the page.
            return try StoredEvent.all(
                in: await rows(
                    of: """
                        SELECT \(StoredEvent.columns) FROM (\(events) \(order) LIMIT \(page.limit)) page
                        WHERE \(moment) \(order)
                        """,
                    prepared: true))
        case .backwards:
            return try StoredEvent.all(
                in: await rows(of: "\(events) AND \(moment) \(order) LIMIT \(page.limit)", prepared: true))
        }
    }
}

extension AsOf {
    fileprivate var condition: SQL {
        switch self {
        case .version(let version): "version <= \(version.rawValue)"
        case .position(let position): "position <= \(position.rawValue)"
        case .date(let date): "recorded_at <= \(date)"
        }
    }
}
