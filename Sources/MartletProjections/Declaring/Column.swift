public import MartletPostgres

/// A column of a table: its name, which reaches the database, and where its value is in a row.
///
/// Its type in the database is that of the property: `text`, `bigint`, `timestamptz`, `date` of a `Day`, `uuid`, `bytea`
/// of `Data`, `json` of `JSON`, that of the raw value of an enum. An optional property may be NULL, every other is
/// NOT NULL.
public struct Column<Row, Value: PostgresCodable>: Sendable {
    let name: SQLIdentifier
    let comment: String?
    let value: @Sendable (Row) -> Value

    /// - Parameters:
    ///   - path: of the row's property.
    ///   - comment: what an operator sees of it in the database; may change without a new version.
    public init(_ name: SQLIdentifier, _ path: any KeyPath<Row, Value> & Sendable, comment: String? = nil) {
        (self.name, self.comment) = (name, comment)
        value = { $0[keyPath: path] }
    }

    var declaration: ColumnDeclaration {
        ColumnDeclaration(
            name: name, type: Value.postgresType, isOptional: Value.self is any OptionalValue.Type, comment: comment)
    }
}

private protocol OptionalValue {}
extension Optional: OptionalValue {}

/// What the database is told of a column.
package struct ColumnDeclaration: Hashable, Sendable {
    let name: SQLIdentifier
    let type: PostgresType
    let isOptional: Bool
    let comment: String?

    package init(name: SQLIdentifier, type: PostgresType, isOptional: Bool = false, comment: String? = nil) {
        (self.name, self.type, self.isOptional, self.comment) = (name, type, isOptional, comment)
    }
}

/// An index that a table has beside its primary key.
public struct TableIndex: Hashable, Sendable {
    let columns: [SQLIdentifier]
    let isUnique: Bool

    public static func index(on columns: SQLIdentifier...) -> TableIndex { .init(columns: columns, isUnique: false) }

    /// Rows that have the same values there are an error of the event that makes them so; all partitions' rows count.
    ///
    /// Looked at when a statement has ended, so that rows may exchange their values within a batch.
    public static func unique(on columns: SQLIdentifier...) -> TableIndex { .init(columns: columns, isUnique: true) }

    func name(of table: SQLIdentifier) -> String {
        "\(table)_\(columns.map(\.name).joined(separator: "_"))_\(isUnique ? "key" : "idx")"
    }
}
