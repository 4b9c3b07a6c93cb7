import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletPostgres

/// What is parked of a projection's live build, for an operator to look at.
struct ParkedLetters: Sendable {
    let projection: String
    let surroundings: ProjectionSurroundings

    private var schema: SQLIdentifier { surroundings.schema }

    /// The keys, the one that has been parked for longest first.
    func keys() async throws -> [ParkedKey] {
        try await surroundings.pool.query(
            """
            SELECT k.count, k.since, k.key, k.partition, d.position, d.stream_id, d.type, d.problem, d.attempts
            FROM (
                SELECT d.build, d.partition, d.key, count(*), min(d.position) AS position, min(d.parked_at) AS since
                FROM \(schema).dead_letters d JOIN \(schema).projection_builds b USING (build)
                WHERE b.projection = \(projection) AND b.stage = 'live' AND d.state = 'parked'
                GROUP BY d.build, d.partition, d.key
            ) k
            JOIN \(schema).dead_letters d ON d.build = k.build AND d.position = k.position
            ORDER BY d.position
            """
        ).map { row in try ParkedKey(row) }
    }

    /// The events of a key in the order of the log.
    func events(of key: String, after position: GlobalPosition, limit: Int) async throws -> [ParkedEvent] {
        try await surroundings.pool.query(
            """
            SELECT d.position, d.event_id, d.stream_id, d.type, e.recorded_at, d.parked_at, d.attempts, d.problem,
                e.payload::text AS payload, e.metadata::text AS metadata
            FROM \(schema).projection_builds b
            JOIN \(schema).dead_letters d ON d.build = b.build AND d.state = 'parked' AND d.key = \(key)
                AND d.position > \(position.rawValue)
            JOIN \(schema).events e ON e.position = d.position
            WHERE b.projection = \(projection) AND b.stage = 'live'
            ORDER BY d.position LIMIT \(limit)
            """
        ).map { row in try ParkedEvent(row) }
    }
}

extension ParkedKey {
    fileprivate init(_ row: Row) throws {
        key = try row.decode("key")
        partition = Int(try row.decode("partition", as: Int16.self))
        since = try row.decode("since")
        count = Int(try row.decode("count", as: Int64.self))
        position = GlobalPosition(rawValue: try row.decode("position"))
        stream = try row.stream()
        type = try row.decode("type")
        problem = try row.decode("problem", as: String?.self)
        attempts = Int(try row.decode("attempts", as: Int32.self))
    }
}

extension ParkedEvent {
    fileprivate init(_ row: Row) throws {
        position = GlobalPosition(rawValue: try row.decode("position"))
        id = try row.decode("event_id")
        stream = try row.stream()
        type = try row.decode("type")
        recordedAt = try row.decode("recorded_at")
        parkedAt = try row.decode("parked_at")
        attempts = Int(try row.decode("attempts", as: Int32.self))
        problem = try row.decode("problem", as: String?.self)
        payload = try row.decode("payload")
        metadata = try row.decode("metadata")
    }
}

extension Row {
    fileprivate func stream() throws -> StreamName {
        let text = try decode("stream_id", as: String.self)
        guard let name = StreamName(text) else {
            throw EventStoreError.corrupt("expected the name of a dead letter's stream, found \"\(text)\"")
        }
        return name
    }
}
