import MartletDomain
import MartletPostgres

/// Rows of a table in memory, with what of them is not written yet.
struct FoldedRows<Row: TableRow>: Sendable {
    private struct Entry: Sendable {
        var row: Row?
        var isInTable: Bool
        var isChanged: Bool
    }

    private var entries: [ExactText: Entry] = [:]
    private var changed: [Row.Key] = []
    /// Whether what is not here is not in the table either.
    var isWhole = false
    private var rowSize = RowSize<Row>()

    /// In bytes, about.
    var memory: Int { entries.count * rowSize.average }

    /// The keys of which it is not known whether the table has a row.
    func unknown(_ keys: some Sequence<Row.Key>) -> [Row.Key] {
        var seen: Set<ExactText> = []
        return keys.filter { key in
            let text = ExactText(key.keyText)
            return entries[text] == nil && seen.insert(text).inserted
        }
    }

    /// Takes in what the table has of some keys.
    mutating func learn(_ keys: [Row.Key], _ found: TableRows<Row>) {
        for key in keys {
            let row = found[key]
            rowSize.see(row)
            entries[ExactText(key.keyText)] = Entry(row: row, isInTable: row != nil, isChanged: false)
        }
    }

    /// Changes a row, which must be known unless all are; leaves it as it was when `body` throws.
    mutating func change(_ key: Row.Key, _ body: (inout Row?) throws -> Void) throws {
        let text = ExactText(key.keyText)
        let known = entries[text]
        var row = known?.row
        try body(&row)
        if known == nil { rowSize.see(row) }
        if known?.isChanged != true { changed.append(key) }
        entries[text] = Entry(row: row, isInTable: known?.isInTable ?? false, isChanged: true)
    }

    /// Writes what has changed; ``wereWritten(forgetting:)`` is to follow its commit.
    func write(by statements: TableStatements<Row>, in transaction: Transaction) async throws {
        // What goes, goes first, so that another row may have what must be unique of it.
        for keys in changed.chunks(of: 5000) {
            try statements.enqueueDeletion(of: keys.filter { isInTable($0) && self[$0] == nil }, in: transaction)
        }
        for keys in changed.chunks(of: 5000) {
            try statements.enqueueUpserts(of: keys.compactMap { isInTable($0) ? self[$0] : nil }, in: transaction)
            try await transaction.flush()
        }
        try await copy(in: transaction)
    }

    private subscript(_ key: Row.Key) -> Row? { entries[ExactText(key.keyText)]?.row }

    private func isInTable(_ key: Row.Key) -> Bool { entries[ExactText(key.keyText)]?.isInTable ?? false }

    private func copy(in transaction: Transaction) async throws {
        let new = changed.lazy.compactMap { isInTable($0) ? nil : self[$0] }
        guard !new.isEmpty else { return }
        try await transaction.flush()
        let table = Row.table
        try await transaction.connection.copyIn(into: "\(table.name)", columns: table.columns) { copy in
            for row in new {
                try await copy.row(of: table.columns.count) { buffer throws(PostgresError) in
                    try table.appendToCopy(row, &buffer)
                }
            }
        }
    }

    /// Notes that the table has what was changed.
    mutating func wereWritten(forgetting: Bool) {
        if forgetting {
            isWhole = isWhole && entries.isEmpty
            entries = [:]
        } else {
            for key in changed {
                guard let index = entries.index(forKey: ExactText(key.keyText)) else { continue }
                entries.values[index].isInTable = entries.values[index].row != nil
                entries.values[index].isChanged = false
            }
        }
        changed = []
    }
}

/// How much memory a row takes, from one in 64.
private struct RowSize<Row: TableRow>: Sendable {
    private var seen = 0
    private var measured = 0
    private var bytes = 0

    mutating func see(_ row: Row?) {
        defer { seen += 1 }
        guard seen.isMultiple(of: 64), let row else { return }
        var buffer: [UInt8] = []
        // A row that cannot be written fails where it is written.
        do throws(PostgresError) { try Row.table.appendToCopy(row, &buffer) } catch {}
        measured += 1
        bytes += buffer.count
    }

    /// A dictionary has room for twice its entries or more, and texts are kept by themselves, once in the key as well.
    var average: Int {
        let inPlace = MemoryLayout<Row?>.stride + MemoryLayout<ExactText>.stride + MemoryLayout<Row.Key>.stride + 16
        return inPlace * 5 / 2 + (measured == 0 ? 64 : 2 * bytes / measured)
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> some Sequence<ArraySlice<Element>> {
        stride(from: 0, to: count, by: size).lazy.map { self[$0..<Swift.min($0 + size, count)] }
    }
}
