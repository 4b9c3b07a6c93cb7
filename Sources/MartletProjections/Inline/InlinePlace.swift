import MartletDomain
import MartletEventStore
import MartletPostgres

/// Where the live build of an inline projection stands, asked for in the append's transaction.
struct InlinePlace: Sendable {
    let build: Int64
    let version: Int
    let partitions: Int
    let position: GlobalPosition
    /// Why it does not run; nil when it does.
    let halt: String?

    /// How many events an append catches up on; more would keep everybody waiting at the log's lock.
    static var mostBehind: Int { 1000 }

    /// Holds the checkpoints until the transaction ends, so that neither a worker nor an operator moves them meanwhile.
    /// Those that somebody else holds are left out: nobody waits with the log's lock in his hands.
    static func locking(_ names: [String], schema: SQLIdentifier) -> SQL {
        """
        SELECT p.build FROM \(schema).projection_builds b JOIN \(schema).projection_partitions p ON p.build = b.build
        WHERE b.stage = 'live' AND b.projection = ANY (\(names)) ORDER BY p.build, p.partition
        FOR UPDATE OF p SKIP LOCKED
        """
    }

    /// A statement of its own: one that locks a row sees it anew, but not the rows that it is joined to.
    static func places(of names: [String], schema: SQLIdentifier) -> SQL {
        """
        SELECT b.projection, b.build, b.version, b.partitions, p.position, s.state, s.reason
        FROM \(schema).projection_builds b
        JOIN \(schema).projection_partitions p ON p.build = b.build AND p.partition = 0
        LEFT JOIN \(schema).projections s ON s.projection = b.projection
        WHERE b.stage = 'live' AND b.projection = ANY (\(names))
        """
    }

    /// The log after the one that is farthest behind, unless that is too far.
    static func events(after names: [String], atMost limit: Int, schema: SQLIdentifier) -> SQL {
        """
        SELECT \(StoredEvent.columns) FROM \(schema).events WHERE position > (
            SELECT min(p.position)
            FROM \(schema).projection_builds b JOIN \(schema).projection_partitions p ON p.build = b.build
            WHERE b.stage = 'live' AND b.projection = ANY (\(names))
        )
        ORDER BY position LIMIT \(limit)
        """
    }

    /// Each by its projection's name.
    static func all(in rows: Rows) throws -> [String: InlinePlace] {
        var places: [String: InlinePlace] = [:]
        for row in rows { places[try row.decode(column: 0)] = try InlinePlace(row) }
        return places
    }

    private init(_ row: Row) throws {
        build = try row.decode(column: 1)
        version = Int(try row.decode(column: 2, as: Int32.self))
        partitions = Int(try row.decode(column: 3, as: Int16.self))
        position = GlobalPosition(rawValue: try row.decode(column: 4))
        let state = try row.decode(column: 5, as: String?.self) ?? "running"
        let reason = try row.decode(column: 6, as: String?.self)
        halt = state == "running" ? nil : reason.map { "\(state): \($0)" } ?? state
    }

    /// Moves the checkpoint; nobody else can have moved it, since its row is held.
    func move(to new: GlobalPosition, last: StoredEvent?, schema: SQLIdentifier) -> SQL {
        """
        UPDATE \(schema).projection_partitions p
        SET position = \(new.rawValue), event_position = coalesce(\(last?.position.rawValue), p.event_position),
            event_id = coalesce(\(last?.id), p.event_id)
        WHERE p.build = \(build) AND p.partition = 0 AND p.position = \(position.rawValue)
        """
    }
}
