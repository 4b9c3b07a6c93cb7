import FoundationEssentials
import MartletDomain
import MartletPostgres

extension Checkpoint {
    /// Where a partition stands by the database, and whether the log is the one that it has followed.
    struct Standing: Sendable {
        let position: GlobalPosition
        /// Why nothing can be relied on any more; nil when all is well.
        let flaw: String?
    }

    /// Nil when the lease was taken over.
    func standing(in pool: ConnectionPool) async throws -> Standing? {
        let rows = try await pool.query(
            """
            SELECT p.position, p.event_position, p.event_id, e.event_id AS found,
                (SELECT coalesce(max(l.position), 0) FROM ONLY \(target.schema).events l) AS head
            FROM \(target.schema).projection_partitions p
            LEFT JOIN \(target.schema).events e ON e.position = p.event_position
            WHERE p.build = \(target.build) AND p.partition = \(Int16(partition)) AND p.epoch = \(epoch)
            """)
        return try rows.first.map { row in
            let position = try row.decode("position", as: Int64.self)
            return Standing(position: GlobalPosition(rawValue: position), flaw: try flaw(in: row, position))
        }
    }

    private func flaw(in row: Row, _ position: Int64) throws -> String? {
        let head = try row.decode("head", as: Int64.self)
        if position > head {
            return "the log ends at \(head), before the checkpoint at \(position) of partition \(partition):"
                + " was it restored or failed over?"
        }
        guard let expected = try row.decode("event_id", as: UUID?.self) else { return nil }
        let found = try row.decode("found", as: UUID?.self)
        guard found != expected else { return nil }
        let place = try row.decode("event_position", as: Int64.self)
        return "partition \(partition) has seen event \(expected.text) at position \(place), where the log has"
            + " \(found?.text ?? "none"): was it restored or failed over?"
    }
}
