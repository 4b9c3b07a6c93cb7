/// One row of a result.
public struct Row: Sendable {
    @usableFromInline let rows: Rows
    @usableFromInline let index: Int

    /// Decodes the columns in their order: `let (id, total) = try row.decode(String.self, Int.self)`.
    /// - Throws: ``PostgresDecodingError`` with the column's name, also when the number of columns differs.
    public func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws(PostgresDecodingError) -> (repeat each Value) {
        var expected = 0
        for _ in repeat each types { expected += 1 }
        guard expected == rows.columnTypes.count else {
            let found = rows.columnTypes.count
            throw PostgresDecodingError(column: "*", problem: "expected \(expected) columns, found \(found)")
        }
        var column = -1
        func next<V: PostgresDecodable>(_: V.Type) throws(PostgresDecodingError) -> V {
            column += 1
            return try decode(column: column)
        }
        return (repeat try next((each Value).self))
    }

    /// Decodes the column of this name.
    /// - Throws: ``PostgresDecodingError``, also when there is no such column.
    public func decode<Value: PostgresDecodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(PostgresDecodingError) -> Value {
        guard let column = rows.column(name) else {
            throw PostgresDecodingError(
                column: name, problem: "no such column, found \(rows.columns.joined(separator: ", "))")
        }
        return try decode(column: column)
    }

    /// Decodes the column of this number, from 0, which must be there; for statements that are run for many rows.
    @inlinable
    package func decode<Value: PostgresDecodable>(
        column: Int, as _: Value.Type = Value.self
    ) throws(PostgresDecodingError) -> Value {
        try decode(column: column) { field throws(PostgresField.Flaw) in try Value(field: field) }
    }

    /// Decodes the column of this number as `body` does.
    @inlinable
    package func decode<Value>(
        column: Int, _ body: (PostgresField) throws(PostgresField.Flaw) -> Value
    ) throws(PostgresDecodingError) -> Value {
        defer { withExtendedLifetime(rows) {} }
        do throws(PostgresField.Flaw) {
            return try body(rows.field(row: index, column: column))
        } catch {
            throw PostgresDecodingError(error, in: rows.columnName(column))
        }
    }
}

/// A column that is not what the program expected.
public struct PostgresDecodingError: Error, Hashable, CustomStringConvertible {
    public let column: String
    public let problem: String

    public init(column: String, problem: String) {
        self.column = column
        self.problem = problem
    }

    @usableFromInline
    init(_ flaw: PostgresField.Flaw, in column: String) {
        self.init(column: column, problem: flaw.description)
    }

    public var description: String { "column \"\(column)\": \(problem)" }
}

extension PostgresField.Flaw: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpectedNull: "expected a value, found NULL"
        case .type(let expected, let found): "expected \(expected), found \(found)"
        case .length(let expected, let found): "expected \(expected) bytes, found \(found)"
        case .malformed(let problem): problem
        }
    }
}
