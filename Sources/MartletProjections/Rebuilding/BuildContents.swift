import MartletDomain
import MartletPostgres

/// Looks at a projection's builds from outside: where they stand and what is in their tables.
struct BuildContents: Sendable {
    let known: Builds.Known
    let pool: ConnectionPool

    private var target: BuildTarget { known.target }

    struct Checksums: Sendable {
        let positions: [GlobalPosition]
        let tables: [TableChecksum]
    }

    struct TableChecksum: Sendable, Equatable {
        let name: String
        let rows: Int64
        let checksum: String
    }

    /// Where its partitions stand, in their order.
    func positions() async throws -> [GlobalPosition] {
        try await pool.transaction { transaction in try await positions(in: transaction) }
    }

    func positions(in transaction: Transaction, lock: SQL = "") async throws -> [GlobalPosition] {
        try await transaction.query(
            """
            SELECT position FROM \(target.schema).projection_partitions
            WHERE build = \(target.build) ORDER BY partition \(lock)
            """
        ).map { row in GlobalPosition(rawValue: try row.decode(Int64.self)) }
    }

    /// Positions and tables of one moment.
    func checksums() async throws -> Checksums {
        try await pool.transaction(.repeatableRead) { transaction in
            let positions = try await positions(in: transaction)
            var tables: [TableChecksum] = []
            for name in known.tables {
                let rows = try await transaction.query(
                    "SELECT row_count, checksum::text FROM \(target.schema).table_checksum(\(regclass(name))::regclass)"
                )
                for row in rows {
                    let (count, checksum) = try row.decode(Int64.self, String.self)
                    tables.append(TableChecksum(name: name.name, rows: count, checksum: checksum))
                }
            }
            return Checksums(positions: positions, tables: tables)
        }
    }

    func rowCounts() async throws -> [String: Int] {
        try await pool.transaction { transaction in
            var counts: [String: Int] = [:]
            for name in known.tables {
                let rows = try await transaction.query("SELECT count(*) FROM \(target.tables).\(name)")
                counts[name.name] = try rows.first?.decode(Int.self)
            }
            return counts
        }
    }

    /// Where its tables' rows are others than those of another build of the same shape.
    func differences(from other: BuildContents, in transaction: Transaction) async throws -> [TableDifference] {
        var differences: [TableDifference] = []
        for name in known.tables {
            let rows = try await transaction.query(
                """
                SELECT difference_count, examples FROM \(target.schema).table_differences(
                    \(regclass(name))::regclass, \(other.regclass(name))::regclass)
                """)
            for row in rows {
                let (count, examples) = try row.decode(Int64.self, [String]?.self)
                if count > 0 {
                    differences.append(
                        TableDifference(table: name.name, rows: Int(count), examples: examples ?? []))
                }
            }
        }
        return differences
    }

    func parkedKeys() async throws -> Int {
        try await pool.query(
            """
            SELECT count(DISTINCT key) FROM \(target.schema).dead_letters
            WHERE build = \(target.build) AND state = 'parked'
            """
        ).first?.decode(Int.self) ?? 0
    }

    /// So that the first who read a new build get good plans.
    func analyze() async throws {
        for name in known.tables { try await pool.execute("ANALYZE \(target.tables).\(name)") }
    }

    /// Views and foreign keys that hold on to its tables themselves, not to their names.
    func dependents(in transaction: Transaction) async throws -> [String] {
        try await transaction.query(
            """
            SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
            FROM pg_depend d
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (
                    SELECT to_regclass(t) FROM unnest(\(known.tables.map(regclass))) t)
                AND d.deptype = 'n' AND (
                    d.classid = 'pg_rewrite'::regclass
                    OR EXISTS (SELECT FROM pg_constraint c WHERE d.classid = 'pg_constraint'::regclass
                        AND c.oid = d.objid AND c.contype = 'f' AND c.confrelid = d.refobjid
                        AND c.conrelid <> ALL (
                            SELECT to_regclass(t) FROM unnest(\(known.tables.map(regclass))) t)))
            ORDER BY 1
            """
        ).map { row in try row.decode(String.self) }
    }

    private func regclass(_ table: SQLIdentifier) -> String { "\"\(target.tables)\".\"\(table)\"" }
}
