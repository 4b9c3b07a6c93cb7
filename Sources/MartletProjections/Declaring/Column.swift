public import MartletPostgres

/// A column of a table: its name, which reaches the database, and where its value is in a row.
public struct Column<Row, Value: PostgresCodable>: Sendable {
    let name: SQLIdentifier
    let value: @Sendable (Row) -> Value

    /// - Parameter path: of the row's property; an optional one may be NULL, every other is NOT NULL.
    public init(_ name: SQLIdentifier, _ path: any KeyPath<Row, Value> & Sendable) {
        self.name = name
        value = { $0[keyPath: path] }
    }
}

/// An index that a table has beside its primary key.
public struct TableIndex: Hashable, Sendable {
    let columns: [SQLIdentifier]
    let isUnique: Bool

    public static func index(on columns: SQLIdentifier...) -> TableIndex { .init(columns: columns, isUnique: false) }

    /// Rows that have the same values there are an error of the projection; it sees rows of other partitions too.
    public static func unique(on columns: SQLIdentifier...) -> TableIndex { .init(columns: columns, isUnique: true) }
}

/// What tells the rows of a table apart: a text, a number, a UUID, or a struct of such parts.
///
/// ```swift
/// struct CustomerDay: TableKey {
///     let customer: String
///     let day: Int
///
///     static let parts = KeyParts(\Self.customer, \.day)
/// }
/// ```
public protocol TableKey: Hashable, Sendable, CustomStringConvertible {
    /// Its parts in the order of the table's key columns.
    static var parts: KeyParts<Self> { get }
}

/// How a key becomes values of columns.
public struct KeyParts<Key>: Sendable {
    let types: [PostgresType]
    let append: @Sendable (Key, inout [ArrayBuilder]) throws(PostgresError) -> Void

    public init<each Part: PostgresCodable>(_ paths: repeat any KeyPath<Key, each Part> & Sendable) {
        var types: [PostgresType] = []
        for type in repeat (each Part).self { types.append(type.postgresType) }
        self.types = types
        append = { key, columns throws(PostgresError) in
            var column = 0
            for path in repeat each paths {
                try columns[column].append(key[keyPath: path])
                column += 1
            }
        }
    }
}

extension TableKey where Self: PostgresCodable {
    public static var parts: KeyParts<Self> { KeyParts(\.self) }
}

extension String: TableKey {}
extension Int: TableKey {}
extension Int64: TableKey {}
