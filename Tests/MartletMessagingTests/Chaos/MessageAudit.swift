import Martlet
import MartletPostgres

/// What must be true of the messages and their effects once all is quiet: asked of the tables alone, by one who knows
/// nothing of how messages are relayed and consumed.
struct MessageAudit: Sendable {
    let events: ConnectionPool
    let log: ConnectionPool
    let effects: ConnectionPool

    /// How many messages there should be.
    func expected() async throws -> Int { try await count(of: Self.messages, in: events) }

    /// How many are in the topic, however often each.
    func sent(to topic: String = "counts") async throws -> Int {
        guard let records = try await records(of: topic) else { return 0 }
        return try await count(of: records, in: log)
    }

    func effective() async throws -> Int { try await count(of: "SELECT FROM effects", in: effects) }

    func count(of query: SQL, in pool: ConnectionPool) async throws -> Int {
        try await pool.query("SELECT count(*) FROM (\(query)) q")[0].decode(Int.self)
    }

    /// How often each check of the topic failed, of those that did.
    func findingsOfTopic() async throws -> [String: Int] {
        try await copy()
        return try await findings(Self.checksOfTopic)
    }

    /// How often each check of the effects failed, of those that did.
    func findingsOfEffects() async throws -> [String: Int] {
        try await copy()
        return try await findings(Self.checksOfEffects)
    }

    private func findings(_ checks: [String: SQL]) async throws -> [String: Int] {
        var findings: [String: Int] = [:]
        for (name, query) in checks {
            let count = try await count(of: query, in: events)
            if count > 0 { findings[name] = count }
        }
        return findings
    }

    /// All tables of a topic's records as one; nil when there is no such topic.
    private func records(of topic: String) async throws -> SQL? {
        let names = try await log.query(
            """
            SELECT c.relname::text FROM pg_class c JOIN martlet_log.topics t
                ON c.relname ~ ('^records_' || t.topic || '_[0-9]+$')
            WHERE c.relnamespace = 'martlet_log'::regnamespace AND c.relkind = 'r' AND t.name = \(topic)
            ORDER BY c.relname
            """
        ).map { try SQLIdentifier($0.decode(String.self)) }
        guard let first = names.first else { return nil }
        return names.dropFirst().reduce("SELECT * FROM martlet_log.\(first)") { all, name in
            "\(all) UNION ALL SELECT * FROM martlet_log.\(name)"
        }
    }

    /// Brings everything into the events' database, so that it can be joined there.
    private func copy() async throws {
        for statement: SQL in [
            "DROP SCHEMA IF EXISTS audit CASCADE", "CREATE SCHEMA audit",
            "CREATE VIEW audit.messages AS \(Self.messages)",
            """
            CREATE TABLE audit.records (
                partition integer, "offset" bigint, message_id text, key text, value json)
            """,
            "CREATE TABLE audit.effects (n bigint, number bigint, copy bigint, key text, message_id text)",
            "CREATE TABLE audit.counters (key text, effects bigint, numbers bigint)",
        ] { try await events.execute(statement) }
        if let records = try await records(of: "counts") {
            try await copy(
                """
                SELECT partition, "offset", message_id, convert_from(key, 'UTF8') AS key,
                    convert_from(value, 'UTF8')::json AS value FROM (\(records)) r
                """, from: log, to: "records")
        }
        try await copy("SELECT * FROM effects", from: effects, to: "effects")
        try await copy("SELECT * FROM counters", from: effects, to: "counters")
    }

    private func copy(_ query: SQL, from pool: ConnectionPool, to table: SQLIdentifier) async throws {
        let rows = try await pool.query("SELECT coalesce(json_agg(q), '[]')::text FROM (\(query)) q")[0]
            .decode(String.self)
        try await events.execute(
            """
            INSERT INTO audit.\(table) SELECT r.* FROM json_populate_recordset(NULL::audit.\(table), \(rows)::text::json) r
            """)
    }

    private static let messages: SQL = """
        SELECT e.event_id || CASE copy WHEN 0 THEN '' ELSE '.' || copy END AS message_id,
            substr(e.stream_id, 7) AS key, (e.payload->>'number')::bigint AS number, copy::bigint,
            e.payload->>'text' AS text
        FROM martlet.events e, generate_series(0, (e.payload->>'copies')::integer - 1) copy
        WHERE e.type = 'tally.counted'
        """

    /// Each selects what must not be.
    private static let checksOfTopic: [String: SQL] = [
        "lost, or never sent": """
        SELECT FROM audit.messages m LEFT JOIN audit.records r USING (message_id) WHERE r.message_id IS NULL
        """,
        "nobody's": """
        SELECT FROM audit.records r LEFT JOIN audit.messages m USING (message_id) WHERE m.message_id IS NULL
        """,
        "more than once": "SELECT FROM audit.records GROUP BY message_id HAVING count(*) > 1",
        "not what the event says": """
        SELECT FROM audit.records r JOIN audit.messages m USING (message_id)
        WHERE (r.key, r.value->>'key', r.value->>'text') IS DISTINCT FROM (m.key, m.key, m.text)
            OR ((r.value->>'number')::bigint, (r.value->>'copy')::bigint) IS DISTINCT FROM (m.number, m.copy)
        """,
        "a key in two partitions": "SELECT FROM audit.records GROUP BY key HAVING min(partition) <> max(partition)",
        "not one behind the one before it of its key": """
        SELECT FROM (
            SELECT number, copy, lag(number, 1, 0::bigint) OVER of_key AS last, lag(copy) OVER of_key AS last_copy
            FROM (SELECT *, (value->>'number')::bigint AS number, (value->>'copy')::bigint AS copy
                FROM audit.records) r
            WINDOW of_key AS (PARTITION BY key ORDER BY "offset")
        ) r WHERE NOT (copy = 0 AND number = last + 1 OR copy = 1 AND number = last AND last_copy = 0)
        """,
        "offsets with a hole, or twice": """
        SELECT FROM audit.records GROUP BY partition
        HAVING min("offset") <> 0 OR max("offset") <> count(*) - 1 OR count(DISTINCT "offset") <> count(*)
        """,
        "parked": "SELECT FROM martlet.dead_letters",
    ]

    private static let checksOfEffects: [String: SQL] = [
        "without an effect": """
        SELECT FROM audit.messages m LEFT JOIN audit.effects e USING (message_id) WHERE e.message_id IS NULL
        """,
        "an effect of nothing": """
        SELECT FROM audit.effects e LEFT JOIN audit.messages m USING (message_id)
        WHERE (m.key, m.number, m.copy) IS DISTINCT FROM (e.key, e.number, e.copy)
        """,
        "effects more than one": "SELECT FROM audit.effects GROUP BY message_id HAVING count(*) > 1",
        "an effect out of its key's order": """
        SELECT FROM (
            SELECT number, copy, lag(number, 1, 0::bigint) OVER of_key AS last, lag(copy) OVER of_key AS last_copy
            FROM audit.effects WINDOW of_key AS (PARTITION BY key ORDER BY n)
        ) e WHERE NOT (copy = 0 AND number = last + 1 OR copy = 1 AND number = last AND last_copy = 0)
        """,
        "counters that say otherwise": """
        SELECT FROM audit.counters c LEFT JOIN (
            SELECT key, count(*) AS effects, sum(number) AS numbers FROM audit.messages GROUP BY key
        ) m USING (key) WHERE (c.effects, c.numbers) IS DISTINCT FROM (coalesce(m.effects, 0), coalesce(m.numbers, 0))
        """,
    ]
}

/// Waits until something comes to be, and says so if it does not.
func becomesTrue(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: .milliseconds(100))
    }
    return true
}
