import MartletPostgres

/// What the database is told of a table, and what is wrong with that.
package struct TableDeclaration: Sendable {
    let name: SQLIdentifier
    /// Of the row's key; its columns are the first ones.
    let keyTypes: [PostgresType]
    let columns: [ColumnDeclaration]
    let indexes: [TableIndex]
    let comment: String?

    package init(
        _ name: SQLIdentifier, keyTypes: [PostgresType], columns: [ColumnDeclaration], indexes: [TableIndex] = [],
        comment: String? = nil
    ) {
        (self.name, self.keyTypes, self.columns) = (name, keyTypes, columns)
        (self.indexes, self.comment) = (indexes, comment)
    }

    /// Why there can be no such table; nil when there can.
    package var flaw: String? {
        (keyFlaw ?? columnFlaw ?? indexFlaw).map { "table \"\(name)\": \($0)" }
    }

    private var keyFlaw: String? {
        guard !keyTypes.isEmpty else { return "expected a key of one part or more, found none" }
        let found = columns.prefix(keyTypes.count).map(\.type)
        guard found.count == keyTypes.count else {
            return "expected a key of \(keyTypes.count) columns, found \(found.count)"
        }
        for (column, type) in zip(columns, keyTypes) where column.type != type {
            return "expected column \"\(column.name)\" to be \(type), as the row's key has it, found \(column.type)"
        }
        if let column = columns.prefix(keyTypes.count).first(where: \.isOptional) {
            return "expected column \"\(column.name)\" of the key not to be optional"
        }
        return nil
    }

    private var columnFlaw: String? {
        var names: Set<SQLIdentifier> = []
        for column in columns {
            guard names.insert(column.name).inserted else { return "expected one column \"\(column.name)\", found two" }
            guard column.type != .unknown, column.type.array != nil else {
                return "column \"\(column.name)\": expected a type that arrays can be made of, found \(column.type)"
            }
        }
        return nil
    }

    private var indexFlaw: String? {
        let known = Set(columns.map(\.name))
        var names: Set<String> = []
        for name in indexes.map({ $0.name(of: name) }) + ["\(name)_pkey"] {
            guard names.insert(name).inserted else { return "expected one index \"\(name)\", found two" }
            guard name.utf8.count <= 63 else { return "expected names of at most 63 bytes, found index \"\(name)\"" }
        }
        for index in indexes {
            guard !index.columns.isEmpty else { return "expected an index on a column or more, found one on none" }
            if let column = index.columns.first(where: { !known.contains($0) }) {
                return "expected the columns of an index among its own, found \"\(column)\""
            }
        }
        return nil
    }

    /// The statements that make it.
    package var statements: [SQL] {
        let texts = [creation] + indexes.filter { !$0.isUnique }.map(creation) + comments
        return texts.map { SQL(trusted: $0) }
    }

    private var creation: String {
        var list = columns.indices.map { declaration(of: columns[$0], isKey: $0 < keyTypes.count) }
        list.append("CONSTRAINT \"\(name)_pkey\" PRIMARY KEY (\(quoted(columns.prefix(keyTypes.count).map(\.name))))")
        // Deferrable: checked when a statement has ended and not row by row, by when values may have changed places.
        list += indexes.filter(\.isUnique).map { index in
            "CONSTRAINT \"\(index.name(of: name))\" UNIQUE (\(quoted(index.columns))) DEFERRABLE INITIALLY IMMEDIATE"
        }
        return "CREATE TABLE \"\(name)\" (\n    \(list.joined(separator: ",\n    "))\n)"
    }

    private func declaration(of column: ColumnDeclaration, isKey: Bool) -> String {
        let collation = column.type == .text && isKey ? " COLLATE \"C\"" : ""
        return "\"\(column.name)\" \(column.type)\(collation)\(column.isOptional ? "" : " NOT NULL")"
    }

    private func creation(of index: TableIndex) -> String {
        "CREATE INDEX \"\(index.name(of: name))\" ON \"\(name)\" (\(quoted(index.columns)))"
    }

    private var comments: [String] {
        let ofTable = comment.map { "COMMENT ON TABLE \"\(name)\" IS \($0.asSQLLiteral)" }
        return (ofTable.map { [$0] } ?? [])
            + columns.compactMap { column in
                column.comment.map { "COMMENT ON COLUMN \"\(name)\".\"\(column.name)\" IS \($0.asSQLLiteral)" }
            }
    }

    private func quoted(_ columns: [SQLIdentifier]) -> String {
        columns.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

extension String {
    /// COMMENT takes no parameters. With `E` a backslash means the same whatever the session's settings are.
    fileprivate var asSQLLiteral: String {
        let escaped = map { $0 == "'" ? "''" : $0 == "\\" ? "\\\\" : String($0) }.joined()
        return "E'\(escaped)'"
    }
}
