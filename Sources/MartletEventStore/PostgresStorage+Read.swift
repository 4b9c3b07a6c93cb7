import FoundationEssentials
import MartletDomain
import MartletPostgres

extension PostgresStorage {
    package func readStream(
        _ stream: StreamName, _ page: StreamPage
    ) async throws(EventStoreError) -> [StoredEvent] {
        let (version, position, date) = page.asOf.columns
        return try StoredEvent.all(
            in: await rows(
                of: .prepared(
                    """
                    SELECT \(StoredEvent.columns) FROM \(schema).stream_page(
                        \(stream.description), \(page.from.rawValue), \(page.direction == .backwards),
                        \(Int32(clamping: page.limit)), \(version), \(position), \(date))
                    """)))
    }
}

extension AsOf? {
    /// One of the three, or none.
    var columns: (version: Int64?, position: Int64?, date: Date?) {
        switch self {
        case nil: (nil, nil, nil)
        case .version(let version): (version.rawValue, nil, nil)
        case .position(let position): (nil, position.rawValue, nil)
        case .date(let date): (nil, nil, date)
        }
    }
}
