import Martlet
import MartletCLI

/// Fills an empty log by SQL, with what appends would have written: positions 1 to N, each stream's versions in order.
struct LogFill {
    /// How the streams' events lie in the log.
    enum Order {
        case oneStreamAfterTheOther
        /// The first events of all streams, then the second ones: a stream's events are as far apart as they can be.
        case inTurns
    }

    let application: Application
    var eventsPerStream = 10
    var order = Order.oneStreamAfterTheOther
    /// How many of ten streams are orders; the others are accounts.
    var ordersInTen = 0
    private static let chunk = 500_000

    func fill(to count: Int) async throws {
        let events: SQL = "\(application.schema).events"
        try await application.pool.execute("ALTER TABLE \(events) DROP CONSTRAINT events_stream_version_key")
        var progress = ProgressBar(label: "filling the log", noun: "events")
        for start in stride(from: 1, through: count, by: Self.chunk) {
            let end = min(start + Self.chunk - 1, count)
            try await insert(from: start, to: end, of: count)
            progress.update(items: end, fraction: Double(end) / Double(count))
        }
        progress.finish()
        StatusLine.show("indexing \(count.grouped) events")
        // Keys that arrive in no order leave an index that is full to about 70 %.
        try await application.pool.execute(
            """
            ALTER TABLE \(events) ADD CONSTRAINT events_stream_version_key UNIQUE (stream_id, version)
            WITH (fillfactor = 70)
            """)
        try await settle()
        StatusLine.clear()
    }

    /// Takes away what was appended since the log was filled.
    func cutBack(to count: Int) async throws {
        try await application.pool.execute("DELETE FROM \(application.schema).events WHERE position > \(count)")
        try await settle()
    }

    /// The names of the account streams, oldest first.
    func accounts() async throws -> [Account.ID] {
        let rows = try await application.pool.query(
            "SELECT stream_id FROM \(application.schema).events WHERE version = 1 ORDER BY position")
        return try rows.compactMap { row in StreamName(try row.decode(String.self)).flatMap(Account.ID.init) }
    }

    /// What the fill leaves to be done later, such as writing the pages to disk, is done before anything is measured.
    private func settle() async throws {
        try await application.pool.execute("VACUUM (ANALYZE) \(application.schema).events")
        try await application.pool.execute("CHECKPOINT")
    }

    private func insert(from start: Int, to end: Int, of count: Int) async throws {
        try await application.pool.execute(
            """
            INSERT INTO \(application.schema).events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT n, version, timestamptz '2026-01-01' + n * interval '1 ms', gen_random_uuid(), 1,
                category || '-' || md5(stream::text)::uuid, category || '.' || type, \(Account.Event.samplePayload)::json,
                '{}'
            FROM generate_series(\(start), \(end)) n
            CROSS JOIN LATERAL (
                SELECT \(place(among: count))
            ) place
            CROSS JOIN LATERAL (
                SELECT CASE WHEN stream % 10 >= 10 - \(ordersInTen) THEN 'order' ELSE 'account' END AS category
            ) kind
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN category = 'account' THEN CASE WHEN version % 3 = 0 THEN 'sent' ELSE 'received' END
                    WHEN n % 1000 = 0 THEN 'returned'
                    WHEN version = 1 THEN 'placed'
                    WHEN version % 2 = 0 THEN 'packed'
                    ELSE 'shipped'
                END AS type
            ) kind_of_event
            """)
    }

    private func place(among count: Int) -> SQL {
        switch order {
        case .oneStreamAfterTheOther:
            "(n - 1) / \(eventsPerStream) AS stream, (n - 1) % \(eventsPerStream) + 1 AS version"
        case .inTurns:
            "(n - 1) % \(count / eventsPerStream) AS stream, (n - 1) / \(count / eventsPerStream) + 1 AS version"
        }
    }
}
