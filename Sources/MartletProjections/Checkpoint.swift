import MartletDomain
import MartletPostgres

/// Where a projection's next event stands, kept in the same database as its read model.
struct Checkpoint: Sendable {
    let projection: String
    let schema: SQLIdentifier

    /// The stored position; the start, and stored as such, for a projection that is new.
    func load(_ pool: ConnectionPool) async throws -> GlobalPosition {
        if let position = try await stored(pool) { return position }
        // Another process may be first with the same row, and then its row is the one.
        try await pool.execute(
            """
            INSERT INTO \(schema).checkpoints (projection, position) VALUES (\(projection), 0)
            ON CONFLICT ON CONSTRAINT checkpoints_pkey DO NOTHING
            """)
        return try await stored(pool) ?? .start
    }

    func stored(_ pool: ConnectionPool) async throws -> GlobalPosition? {
        try await pool.query("SELECT position FROM \(schema).checkpoints WHERE projection = \(projection)")
            .first.map { row in GlobalPosition(rawValue: try row.decode(Int64.self)) }
    }

    /// Moves the checkpoint within the effect's transaction, and holds its row until that ends.
    /// - Throws: ``Moved`` when it does not stand at `old` any more, or another process is moving it.
    func move(from old: GlobalPosition, to new: GlobalPosition, in transaction: Transaction) async throws {
        do {
            let moved = try await transaction.execute(
                """
                UPDATE \(schema).checkpoints SET position = \(new.rawValue), updated_at = clock_timestamp()
                WHERE projection = \(projection) AND position = \(old.rawValue)
                """)
            guard moved == 1 else { throw Moved() }
        } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
            // Somebody else is at it, and takes longer than the lock time-out: no failure of this process.
            throw Moved()
        }
    }

    struct Moved: Error {}
}
