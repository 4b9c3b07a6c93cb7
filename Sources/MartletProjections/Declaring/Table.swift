public import MartletPostgres

/// The table of a ``TableProjection``: its columns, as the properties of the struct that a row is in Swift.
///
/// ```swift
/// static let table = Table<OrderSummary>(
///     "order_summaries", key: Column("order_id", \.id),
///     columns: Column("status", \.status), Column("total_cents", \.totalCents),
///     indexes: [.index(on: "status")], make: OrderSummary.init)
/// ```
public struct Table<Row: TableRow>: Sendable {
    public let name: SQLIdentifier
    /// The names of all columns, those of the key first.
    public let columns: [SQLIdentifier]
    let keyCount: Int
    let types: [PostgresType]
    let indexes: [TableIndex]
    private let isOptional: [Bool]
    let decode: @Sendable (MartletPostgres.Row) throws(PostgresDecodingError) -> Row
    let appendToArrays: @Sendable (Row, inout [ArrayBuilder]) throws(PostgresError) -> Void
    let appendToCopy: @Sendable (Row, inout [UInt8]) throws(PostgresError) -> Void

    /// - Parameters:
    ///   - key: the column of the primary key.
    ///   - make: makes a row of the key's value and the columns', in their order: the memberwise initialiser.
    public init<Key: PostgresCodable, each Value: PostgresCodable>(
        _ name: SQLIdentifier, key: Column<Row, Key>, columns: repeat Column<Row, each Value>,
        indexes: [TableIndex] = [], make: @escaping @Sendable (Key, repeat each Value) -> Row
    ) {
        self.init(
            name, keyCount: 1, columns: key, repeat each columns, indexes: indexes, makeRow: make)
    }

    /// A table whose key has several columns: the first `keyCount` ones.
    public init<each Value: PostgresCodable>(
        _ name: SQLIdentifier, keyCount: Int, columns: repeat Column<Row, each Value>, indexes: [TableIndex] = [],
        makeRow make: @escaping @Sendable (repeat each Value) -> Row
    ) {
        var (names, types, isOptional): ([SQLIdentifier], [PostgresType], [Bool]) = ([], [], [])
        for column in repeat each columns { names.append(column.name) }
        for type in repeat (each Value).self {
            types.append(type.postgresType)
            isOptional.append(type is any OptionalValue.Type)
        }
        precondition(
            keyCount == Row.Key.parts.types.count && Array(types.prefix(keyCount)) == Row.Key.parts.types,
            "table \"\(name)\": expected key columns of types \(Row.Key.parts.types), found \(types.prefix(keyCount))")
        (self.name, self.columns, self.keyCount) = (name, names, keyCount)
        (self.types, self.isOptional, self.indexes) = (types, isOptional, indexes)
        decode = { row throws(PostgresDecodingError) in
            var column = -1
            func next<V: PostgresDecodable>(_: V.Type) throws(PostgresDecodingError) -> V {
                column += 1
                return try row.decode(column: column)
            }
            return make(repeat try next((each Value).self))
        }
        appendToArrays = { row, arrays throws(PostgresError) in
            var index = 0
            for column in repeat each columns {
                try arrays[index].append(column.value(row))
                index += 1
            }
        }
        appendToCopy = { row, buffer throws(PostgresError) in
            for column in repeat each columns { try buffer.append(field: column.value(row)) }
        }
    }
}

private protocol OptionalValue {}
extension Optional: OptionalValue {}

extension Table {
    /// The statements that make it.
    public var readModelTable: ReadModelTable { ReadModelTable(name, statements: [creation] + indexCreations) }

    private var creation: SQL {
        var list: [String] = []
        for index in columns.indices {
            let collation = types[index] == .text && index < keyCount ? " COLLATE \"C\"" : ""
            list.append("\"\(columns[index])\" \(types[index])\(collation)\(isOptional[index] ? "" : " NOT NULL")")
        }
        list.append("CONSTRAINT \"\(name)_pkey\" PRIMARY KEY (\(Self.list(keyColumns)))")
        return SQL(trusted: "CREATE TABLE \"\(name)\" (\n    \(list.joined(separator: ",\n    "))\n)")
    }

    private var indexCreations: [SQL] {
        indexes.map { index in
            let words = index.columns.map(\.name).joined(separator: "_")
            let kind = index.isUnique ? ("UNIQUE INDEX", "key") : ("INDEX", "idx")
            return SQL(
                trusted: "CREATE \(kind.0) \"\(name)_\(words)_\(kind.1)\" ON \"\(name)\" (\(Self.list(index.columns)))")
        }
    }

    var keyColumns: ArraySlice<SQLIdentifier> { columns[..<keyCount] }

    static func list(_ columns: some Collection<SQLIdentifier>) -> String {
        columns.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
