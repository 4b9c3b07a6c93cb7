import FoundationEssentials
import MartletDomain
import MartletPostgres

/// Asks the database how a projection is doing.
struct StatusQuery: Sendable {
    let declaration: ReadModelDeclaration
    let surroundings: ProjectionSurroundings

    func status() async throws -> ProjectionStatus {
        let schema = surroundings.schema
        let rows = try await surroundings.pool.query(
            """
            WITH build AS (
                SELECT b.build, b.version FROM \(schema).projection_builds b
                WHERE b.projection = \(declaration.name) AND b.stage = 'live'
            )
            SELECT (SELECT coalesce(max(position), 0) FROM ONLY \(schema).events), b.version,
                coalesce(s.state, 'running'), s.reason,
                (SELECT count(DISTINCT d.key) FROM \(schema).dead_letters d
                    WHERE d.build = b.build AND d.state = 'parked'),
                p.partition, p.position, CASE WHEN l.leased_until >= clock_timestamp() THEN l.member END, l.rate,
                l.problem,
                (SELECT greatest(0, extract(epoch FROM clock_timestamp() - e.recorded_at))::float8
                    FROM \(schema).events e
                    WHERE e.position > (SELECT min(q.position) FROM \(schema).projection_partitions q
                        WHERE q.build = b.build)
                    ORDER BY e.position LIMIT 1)
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
        head = GlobalPosition(rawValue: try first.decode(column: 0))
        version = Int(try first.decode(column: 1, as: Int32?.self) ?? Int32(clamping: declaration.version))
        parkedKeys = Int(try first.decode(column: 4, as: Int64.self))
        lagTime = .seconds(try first.decode(column: 10, as: Double?.self) ?? 0)
        state =
            switch try first.decode(column: 2, as: String.self) {
            case "paused": .paused
            case "stopped": .stopped(reason: try first.decode(column: 3, as: String?.self) ?? "")
            default:
                version == declaration.version
                    ? .running : .awaitingRebuild(live: version, declared: declaration.version)
            }
        partitions = try rows.compactMap { row in
            guard let number = try row.decode(column: 5, as: Int16?.self) else { return nil }
            return Partition(
                number: Int(number), position: GlobalPosition(rawValue: try row.decode(column: 6)),
                member: try row.decode(column: 7, as: UUID?.self), rate: try row.decode(column: 8, as: Double.self),
                lastError: try row.decode(column: 9, as: String?.self))
        }
    }
}
