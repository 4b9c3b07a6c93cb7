import MartletDomain
import MartletEventStore
import MartletPostgres

/// Where one partition of a build stands, kept in the same database as its tables.
struct Checkpoint: Sendable {
    let target: BuildTarget
    let partition: Int
    let epoch: Int64

    /// Moves the checkpoint within the effect's transaction, holds its row until that ends, and lets the transaction find
    /// the projection's tables. All that the transaction relies on is set in it, not in its session, which a transaction
    /// pooler may give to somebody else.
    /// - Returns: how often operators have changed what is parked.
    /// - Parameter seen: in their order, the last event of each page that was read since `old`, up to the last that is to be
    ///   stored. All have to stand in the log.
    /// - Throws: ``Fenced`` when it does not stand at `old` any more, or the lease was taken over, or the log is another.
    func move(
        from old: GlobalPosition, to new: GlobalPosition, seen: [StoredEvent], in transaction: Transaction
    ) async throws -> Int64 {
        transaction.enqueue(.prepared(Self.settings(tables: target.tables)))
        do {
            let moved = try await transaction.query(.prepared("SELECT \(movement(from: old, to: new, seen: seen))"))
            guard let parkings = try moved.first?.decode(column: 0, as: Int64?.self) else { throw Fenced() }
            return parkings
        } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
            // Somebody else is at it, and takes longer than the lock time-out: no failure of this process.
            throw Fenced()
        }
    }

    /// Leaves the same to be sent with the transaction's first statement, for who knows how often operators have changed what
    /// is parked: unless that is so, and the checkpoint moves, the transaction fails.
    func enqueueMove(
        from old: GlobalPosition, to new: GlobalPosition, seen: [StoredEvent], expecting parkings: Int64,
        in transaction: Transaction
    ) {
        transaction.enqueue(.prepared(Self.settings(tables: target.tables)))
        transaction.enqueue(
            .prepared(
                "SELECT \(target.schema).require_moved(\(movement(from: old, to: new, seen: seen)), \(parkings))"))
    }

    private func movement(from old: GlobalPosition, to new: GlobalPosition, seen: [StoredEvent]) -> SQL {
        """
        \(target.schema).move_checkpoint(
            \(target.build), \(Int16(partition)), \(epoch), \(old.rawValue), \(new.rawValue),
            \(seen.map(\.position.rawValue)), \(seen.map(\.id)))
        """
    }

    /// The tables' schema comes before what the session searches anyway, for tables that are made elsewhere.
    static func settings(tables: SQLIdentifier) -> SQL {
        """
        SELECT set_config('search_path', \("\"\(tables.name)\", ") || current_setting('search_path'), true),
            set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '2s', true)
        """
    }

    /// Another process has taken the partition over, or somebody else has moved it.
    struct Fenced: Error {}
}
