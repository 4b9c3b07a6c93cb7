import MartletPostgres

/// The set-based statements of one table: each takes any number of rows.
struct TableStatements<Row: TableRow> {
    private var table: Table<Row> { Row.table }

    /// The rows of these keys that there are.
    func rows(of keys: Set<Row.Key>, in transaction: Transaction) async throws -> [Row.Key: Row] {
        guard !keys.isEmpty else { return [:] }
        let answer = try await transaction.query(
            """
            SELECT \(SQL(trusted: table.columns.map { "t.\"\($0)\"" }.joined(separator: ", ")))
            FROM \(table.name) t JOIN \(try unnested(keys)) USING (\(list(table.keyColumns)))
            """)
        var found: [Row.Key: Row] = [:]
        found.reserveCapacity(answer.count)
        for row in answer {
            let row = try table.decode(row)
            found[row.key] = row
        }
        return found
    }

    /// Leaves the statements that turn the rows of some keys into others, of those that differ.
    func enqueueChanges(
        of keys: some Sequence<Row.Key>, from before: [Row.Key: Row], to after: [Row.Key: Row],
        in transaction: Transaction
    ) throws {
        var arrays = table.types.map { ArrayBuilder(of: $0) }
        var gone: Set<Row.Key> = []
        for key in keys {
            let row = after[key]
            guard row != before[key] else { continue }
            if let row {
                precondition(row.key == key, "table \"\(table.name)\": expected a row of key \(key), found \(row.key)")
                try table.appendToArrays(row, &arrays)
            } else {
                gone.insert(key)
            }
        }
        if let first = arrays.first, first.count > 0 { transaction.enqueue(upsert(of: arrays)) }
        if !gone.isEmpty { transaction.enqueue(try deletion(of: gone)) }
    }

    func upsert(of arrays: [ArrayBuilder]) -> SQL {
        let others = table.columns.dropFirst(table.keyCount)
        let assignments = others.map { "\"\($0)\" = EXCLUDED.\"\($0)\"" }.joined(separator: ", ")
        let action = others.isEmpty ? "DO NOTHING" : "DO UPDATE SET \(assignments)"
        return """
            INSERT INTO \(table.name) (\(list(table.columns))) SELECT * FROM unnest(\(joined(arrays)))
            ON CONFLICT (\(list(table.keyColumns))) \(SQL(trusted: action))
            """
    }

    func deletion(of keys: Set<Row.Key>) throws -> SQL {
        let same = table.keyColumns.map { "t.\"\($0)\" = k.\"\($0)\"" }.joined(separator: " AND ")
        return "DELETE FROM \(table.name) t USING \(try unnested(keys)) WHERE \(SQL(trusted: same))"
    }

    /// The keys as a set of rows named `k`.
    private func unnested(_ keys: Set<Row.Key>) throws -> SQL {
        var arrays = Row.Key.parts.types.map { ArrayBuilder(of: $0) }
        for key in keys { try Row.Key.parts.append(key, &arrays) }
        return "unnest(\(joined(arrays))) AS k (\(list(table.keyColumns)))"
    }

    private func joined(_ arrays: [ArrayBuilder]) -> SQL {
        var sql: SQL = ""
        for (index, array) in arrays.enumerated() { sql = index == 0 ? "\(array)" : "\(sql), \(array)" }
        return sql
    }

    private func list(_ columns: some Collection<SQLIdentifier>) -> SQL {
        SQL(trusted: Table<Row>.list(columns))
    }
}
