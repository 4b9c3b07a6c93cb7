import MartletDomain
package import MartletEventStore
package import MartletPostgres

/// A projection at work on events that are handed to it, for tests of projections: its tables, its writer and its
/// checkpoint are the real ones; there are no workers, no leases and no log.
package struct Rehearsal: Sendable {
    private let projection: ProjectionHandle
    private let target: BuildTarget

    private var surroundings: ProjectionSurroundings { projection.surroundings }

    /// Makes the projection's tables anew, empty.
    package init(of projection: ProjectionHandle) async throws {
        self.projection = projection
        let (declaration, surroundings) = (projection.writer.declaration, projection.surroundings)
        try await surroundings.pool.transaction { transaction in
            transaction.enqueue(
                "DELETE FROM \(surroundings.schema).projection_builds WHERE projection = \(declaration.name)")
            for table in declaration.tables {
                transaction.enqueue("DROP TABLE IF EXISTS \(surroundings.readModels).\(table.name)")
            }
        }
        target = try await Builds(declaration, surroundings).live()
    }

    /// Projects events as one batch, each partition in a transaction of its own.
    /// - Parameters:
    ///   - old: the position of the event before them.
    ///   - isRolledBack: whether each transaction is rolled back once it has done everything.
    /// - Returns: false when the checkpoint does not stand there.
    package func project(
        _ events: some Collection<StoredEvent>, after old: GlobalPosition, isRolledBack: Bool = false
    ) async throws -> Bool {
        try await Self.project(Array(events), after: old, isRolledBack, projection.writer, surroundings, target)
    }

    private static func project<Writer: ReadModelWriter>(
        _ events: [StoredEvent], after old: GlobalPosition, _ isRolledBack: Bool, _ writer: Writer,
        _ surroundings: ProjectionSurroundings, _ target: BuildTarget
    ) async throws -> Bool {
        let routed = events.compactMap { writer.route($0, surroundings.store) }
        let new = events.last?.position ?? old
        for partition in 0..<target.partitions {
            let own = routed.filter { writer.partition(of: $0.key, among: target.partitions) == partition }
            let checkpoint = Checkpoint(target: target, partition: partition, epoch: 0)
            do {
                try await surroundings.pool.transaction { transaction in
                    // Its events are in no log.
                    _ = try await checkpoint.move(from: old, to: new, seen: [], in: transaction)
                    if !own.isEmpty { try await writer.write(own, in: transaction) }
                    if isRolledBack { throw RolledBack() }
                }
            } catch is RolledBack {
                continue
            } catch is Checkpoint.Fenced {
                return false
            }
        }
        return true
    }

    private struct RolledBack: Error {}

    /// What a query finds, in which the projection's tables are named without a schema.
    package func query(_ sql: SQL) async throws -> Rows {
        try await surroundings.pool.transaction { transaction in
            transaction.enqueue(Checkpoint.settings(tables: target.tables))
            return try await transaction.query(sql)
        }
    }

    /// All rows of the projection's tables, as texts in an order of their own.
    package func contents() async throws -> [(table: String, rows: [String])] {
        var contents: [(table: String, rows: [String])] = []
        for table in projection.writer.declaration.tables {
            // A bare alias would mean the column of that name where the table has one.
            let text: SQL = "(martlet_row.*)::text"
            let rows = try await query("SELECT \(text) FROM \(table.name) martlet_row ORDER BY \(text) COLLATE \"C\"")
            contents.append((table.name.name, try rows.map { row in try row.decode(String.self) }))
        }
        return contents
    }
}
