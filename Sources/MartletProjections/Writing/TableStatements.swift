import MartletDomain
import MartletPostgres

/// The set-based statements of one table, made once: each takes any number of rows.
struct TableStatements<Row: TableRow>: Sendable {
    let table: Table<Row>
    private let selection: String
    private let lookup: String
    private let insertion: String
    private let resolution: String
    private let deletion: String
    private let sameKeys: String
    private let keyList: String
    /// So much of rows goes into one statement, about; far below what a parameter can be.
    private static var byteLimit: Int { 16 << 20 }

    init(_ table: Table<Row>) {
        self.table = table
        let (name, keys) = ("\"\(table.name)\"", table.keyColumns.map { "\"\($0)\"" })
        let others = table.columns.dropFirst(table.keyCount).map { "\"\($0)\"" }
        keyList = keys.joined(separator: ", ")
        let same = keys.map { "t.\($0) = k.\($0)" }.joined(separator: " AND ")
        sameKeys = " WHERE " + same
        selection = "SELECT \((keys + others).map { "t.\($0)" }.joined(separator: ", ")) FROM "
        // By the index, key by key: without OFFSET 0 some thousand keys are joined by a scan of the whole table.
        lookup = " CROSS JOIN LATERAL (SELECT t.* FROM \(name) t WHERE \(same) OFFSET 0) t"
        insertion = "INSERT INTO \(name) (\((keys + others).joined(separator: ", "))) SELECT * FROM unnest("
        let assignments = others.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
        resolution =
            ") ON CONFLICT (\(keyList)) " + (others.isEmpty ? "DO NOTHING" : "DO UPDATE SET \(assignments)")
        deletion = "DELETE FROM \(name) t USING "
    }

    /// The rows of these keys that there are.
    func rows(of keys: some Collection<Row.Key>, in transaction: Transaction) async throws -> TableRows<Row> {
        var found = TableRows<Row>()
        guard !keys.isEmpty else { return found }
        let answer = try await transaction.query(
            "\(SQL(trusted: selection))\(try unnested(keys))\(SQL(trusted: lookup))")
        for row in answer {
            let row = try table.decode(row)
            found[row.key] = row
        }
        return found
    }

    /// Leaves the statements that turn the rows of some keys into others, of those that differ.
    ///
    /// What goes, goes first, so that another row may have what must be unique of it.
    func enqueueChanges(
        of keys: some Sequence<Row.Key>, from before: TableRows<Row>, to after: TableRows<Row>,
        in transaction: Transaction
    ) throws {
        var gone: [Row.Key] = []
        var changed: [Row] = []
        for key in keys {
            let row = after[key]
            guard row != before[key] else { continue }
            if let row { changed.append(row) } else { gone.append(key) }
        }
        try enqueueDeletion(of: gone, in: transaction)
        try enqueueUpserts(of: changed, in: transaction)
    }

    func enqueueDeletion(of keys: [Row.Key], in transaction: Transaction) throws {
        guard !keys.isEmpty else { return }
        transaction.enqueue("\(SQL(trusted: deletion))\(try unnested(keys))\(SQL(trusted: sameKeys))")
    }

    func enqueueUpserts(of rows: [Row], in transaction: Transaction) throws {
        var arrays = emptyArrays
        for row in rows {
            try table.appendToArrays(row, &arrays)
            if arrays.reduce(0, { $0 + $1.byteCount }) >= Self.byteLimit {
                transaction.enqueue(upsert(of: arrays))
                arrays = emptyArrays
            }
        }
        if let first = arrays.first, first.count > 0 { transaction.enqueue(upsert(of: arrays)) }
    }

    private var emptyArrays: [ArrayBuilder] { table.types.map { ArrayBuilder(of: $0) } }

    private func upsert(of arrays: [ArrayBuilder]) -> SQL {
        "\(SQL(trusted: insertion))\(joined(arrays))\(SQL(trusted: resolution))"
    }

    /// The keys as a set of rows named `k`.
    private func unnested(_ keys: some Collection<Row.Key>) throws -> SQL {
        let parts = Row.Key.parts
        var arrays = parts.types.map { ArrayBuilder(of: $0) }
        for key in keys { try parts.append(key, &arrays) }
        return "unnest(\(joined(arrays))) AS k (\(SQL(trusted: keyList)))"
    }

    private func joined(_ arrays: [ArrayBuilder]) -> SQL {
        var sql: SQL = ""
        for (index, array) in arrays.enumerated() { sql = index == 0 ? "\(array)" : "\(sql), \(array)" }
        return sql
    }
}
