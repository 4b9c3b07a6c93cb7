import FoundationEssentials
import MartletDomain
import MartletPostgres

/// Asks the database how a projection is doing.
struct StatusQuery: Sendable {
    let declaration: ReadModelDeclaration
    let surroundings: ProjectionSurroundings

    /// The position up to which all partitions have come, and no more, since whoever waits for it asks often.
    func position() async throws -> GlobalPosition {
        let rows = try await surroundings.pool.query(
            """
            SELECT coalesce(min(p.position), 0)
            FROM \(surroundings.schema).projection_builds b
            JOIN \(surroundings.schema).projection_partitions p ON p.build = b.build
            WHERE b.projection = \(declaration.name) AND b.stage = 'live'
            """)
        return GlobalPosition(rawValue: try rows.first?.decode(Int64.self) ?? 0)
    }

    func status() async throws -> ProjectionStatus {
        let schema = surroundings.schema
        let rows = try await surroundings.pool.query(
            """
            WITH build AS MATERIALIZED (
                SELECT b.build, b.version, (
                    SELECT count(DISTINCT d.key) FROM \(schema).dead_letters d
                    WHERE d.build = b.build AND d.state = 'parked'
                ) AS parked
                FROM \(schema).projection_builds b
                WHERE b.projection = \(declaration.name) AND b.stage = 'live'
            )
            SELECT (SELECT coalesce(max(position), 0) FROM ONLY \(schema).events), b.version,
                coalesce(s.state, 'running'), s.reason, coalesce(b.parked, 0),
                p.partition, p.position, CASE WHEN l.leased_until >= clock_timestamp() THEN l.member END,
                CASE WHEN l.leased_until >= clock_timestamp() THEN l.rate ELSE 0 END, l.problem,
                (SELECT greatest(0, extract(epoch FROM clock_timestamp() - e.recorded_at))::float8
                    FROM \(schema).events e WHERE e.position > p.position ORDER BY e.position LIMIT 1)
            FROM (VALUES (1)) one (one)
            LEFT JOIN build b ON true
            LEFT JOIN \(schema).projections s ON s.projection = \(declaration.name)
            LEFT JOIN \(schema).projection_partitions p ON p.build = b.build
            LEFT JOIN \(schema).projection_leases l ON l.build = p.build AND l.partition = p.partition
            ORDER BY p.partition
            """)
        return try ProjectionStatus(rows, declaration)
    }
}

extension ProjectionStatus {
    fileprivate init(_ rows: Rows, _ declaration: ReadModelDeclaration) throws {
        guard let first = rows.first else { throw ProjectionError.unknown(declaration.name) }
        name = declaration.name
        let head = GlobalPosition(rawValue: try first.decode(column: 0))
        self.head = head
        version = Int(try first.decode(column: 1, as: Int32?.self) ?? Int32(clamping: declaration.version))
        parkedKeys = Int(try first.decode(column: 4, as: Int64.self))
        state =
            switch try first.decode(column: 2, as: String.self) {
            case "paused": .paused(reason: try first.decode(column: 3, as: String?.self))
            case "stopped": .stopped(reason: try first.decode(column: 3, as: String?.self) ?? "")
            default:
                version == declaration.version
                    ? .running : .awaitingRebuild(live: version, declared: declaration.version)
            }
        partitions = try rows.compactMap { row in
            guard let number = try row.decode(column: 5, as: Int16?.self) else { return nil }
            let position = GlobalPosition(rawValue: try row.decode(column: 6))
            return Partition(
                number: Int(number), position: position, lag: max(0, head.rawValue - position.rawValue),
                lagTime: .seconds(try row.decode(column: 10, as: Double?.self) ?? 0),
                member: try row.decode(column: 7, as: UUID?.self), rate: try row.decode(column: 8, as: Double.self),
                // Told before it had come to the end, where nothing is left that could fail.
                lastError: position >= head ? nil : try row.decode(column: 9, as: String?.self))
        }
    }
}
