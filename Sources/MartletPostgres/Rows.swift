import CLibPQ

/// A statement's result, kept in libpq's own memory; rows decode from there without a copy.
///
/// Unchecked because a `PGresult` is never written to once it has been received.
public final class Rows: @unchecked Sendable {
    private let result: OpaquePointer
    let columnTypes: [PostgresType]

    init(_ result: OpaquePointer) {
        self.result = result
        columnTypes = (0..<PQnfields(result)).map { PostgresType(rawValue: PQftype(result, $0)) }
    }

    deinit { PQclear(result) }

    /// How many rows the statement changed, or returned.
    public var affectedCount: Int {
        PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// `INSERT 0 1`, `COMMIT`, …
    var commandTag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

    public var columns: [String] { columnTypes.indices.map(columnName) }

    @usableFromInline
    func columnName(_ column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? "column \(column + 1)"
    }

    /// The column of this name, or nil.
    func column(_ name: String) -> Int? {
        columnTypes.indices.first { columnName($0) == name }
    }

    @usableFromInline
    func field(row: Int, column: Int) -> PostgresField {
        let (row, column32) = (Int32(row), Int32(column))
        let type = columnTypes[column]
        guard PQgetisnull(result, row, column32) == 0, let start = PQgetvalue(result, row, column32) else {
            return PostgresField(type: type, bytes: nil)
        }
        let length = Int(PQgetlength(result, row, column32))
        return PostgresField(type: type, bytes: UnsafeRawBufferPointer(start: start, count: length))
    }
}

extension Rows: RandomAccessCollection {
    public var startIndex: Int { 0 }

    public var endIndex: Int { Int(PQntuples(result)) }

    public subscript(index: Int) -> Row { Row(rows: self, index: index) }
}
