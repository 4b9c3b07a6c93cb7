public import MartletPostgres

/// The table of a ``TableProjection``: its columns, as the properties of the struct that a row is in Swift.
///
/// ```swift
/// static let table = Table<OrderSummary>(
///     "order_summaries", key: Column("order_id", \.id),
///     columns: Column("status", \.status), Column("total_cents", \.totalCents),
///     indexes: [.index(on: "status")], make: OrderSummary.init)
/// ```
/// A key of several columns names them one after the other: `key: Column("customer", \.customer), Column("day", \.day)`.
///
/// What cannot be a table, such as two columns of one name, stops the program when its application is made, with the
/// table and the column in the message.
public struct Table<Row: TableRow>: Sendable {
    let declaration: TableDeclaration
    let decode: @Sendable (MartletPostgres.Row) throws(PostgresDecodingError) -> Row
    let appendToArrays: @Sendable (Row, inout [ArrayBuilder]) throws(PostgresError) -> Void
    let appendToCopy: @Sendable (Row, inout [UInt8]) throws(PostgresError) -> Void

    public var name: SQLIdentifier { declaration.name }
    /// The names of all columns, those of the key first.
    public var columns: [SQLIdentifier] { declaration.columns.map(\.name) }
    var keyCount: Int { declaration.keyTypes.count }
    var keyColumns: ArraySlice<SQLIdentifier> { columns[..<keyCount] }
    var types: [PostgresType] { declaration.columns.map(\.type) }

    /// The statements that make it.
    public var readModelTable: ReadModelTable { ReadModelTable(name, statements: declaration.statements) }

    static func list(_ columns: some Collection<SQLIdentifier>) -> String {
        columns.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// A table whose key is its first columns, as many as ``TableRow/key`` has parts.
    /// - Parameters:
    ///   - comment: what an operator sees of it in the database; may change without a new version.
    ///   - make: makes a row of the columns' values, in their order: the memberwise initialiser.
    public init<each Value: PostgresCodable>(
        _ name: SQLIdentifier, columns: repeat Column<Row, each Value>, indexes: [TableIndex] = [],
        comment: String? = nil, makeRow make: @escaping @Sendable (repeat each Value) -> Row
    ) {
        var declarations: [ColumnDeclaration] = []
        for column in repeat each columns { declarations.append(column.declaration) }
        declaration = TableDeclaration(
            name, keyTypes: Row.Key.parts.types, columns: declarations, indexes: indexes, comment: comment)
        if let flaw = declaration.flaw { preconditionFailure(flaw) }
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

extension Table {
    /// - Parameters:
    ///   - key: the column of the primary key.
    ///   - comment: what an operator sees of it in the database; may change without a new version.
    ///   - make: makes a row of the key's value and the columns', in their order: the memberwise initialiser.
    public init<Key: PostgresCodable, each Value: PostgresCodable>(
        _ name: SQLIdentifier, key: Column<Row, Key>, columns: repeat Column<Row, each Value>,
        indexes: [TableIndex] = [], comment: String? = nil, make: @escaping @Sendable (Key, repeat each Value) -> Row
    ) {
        self.init(name, columns: key, repeat each columns, indexes: indexes, comment: comment, makeRow: make)
    }

    /// A table whose key has two columns.
    public init<First: PostgresCodable, Second: PostgresCodable, each Value: PostgresCodable>(
        _ name: SQLIdentifier, key first: Column<Row, First>, _ second: Column<Row, Second>,
        columns: repeat Column<Row, each Value>, indexes: [TableIndex] = [], comment: String? = nil,
        make: @escaping @Sendable (First, Second, repeat each Value) -> Row
    ) {
        self.init(name, columns: first, second, repeat each columns, indexes: indexes, comment: comment, makeRow: make)
    }

    /// A table whose key has three columns.
    public init<First: PostgresCodable, Second: PostgresCodable, Third: PostgresCodable, each Value: PostgresCodable>(
        _ name: SQLIdentifier, key first: Column<Row, First>, _ second: Column<Row, Second>,
        _ third: Column<Row, Third>, columns: repeat Column<Row, each Value>, indexes: [TableIndex] = [],
        comment: String? = nil, make: @escaping @Sendable (First, Second, Third, repeat each Value) -> Row
    ) {
        self.init(
            name, columns: first, second, third, repeat each columns, indexes: indexes, comment: comment, makeRow: make)
    }
}
