/// One-dimensional arrays in the binary form of PostgreSQL's `array_send`: dimensions, a flag for NULLs, the element
/// type, then for the one dimension its length and lower bound, then each element with its length, -1 for NULL.
extension Array: PostgresEncodable where Element: PostgresEncodable {
    /// An element type without a known array type gives `unknown`, which PostgreSQL refuses with a clear error.
    public static var postgresType: PostgresType { Element.postgresType.array ?? .unknown }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) {
        guard let length = Int32(exactly: count) else { throw .tooLong("an array of \(count) elements") }
        buffer.append(bigEndian: Int32(isEmpty ? 0 : 1))
        buffer.append(bigEndian: Int32(contains { $0.isNull } ? 1 : 0))
        buffer.append(bigEndian: Element.postgresType.rawValue)
        guard !isEmpty else { return }
        buffer.append(bigEndian: length)
        buffer.append(bigEndian: Int32(1))
        for element in self { try buffer.append(field: element) }
    }
}

extension PostgresError {
    static func tooLong(_ what: String) -> PostgresError {
        PostgresError(sqlState: .programLimitExceeded, message: "\(what) is longer than PostgreSQL's protocol allows")
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        var reader = ArrayReader(bytes: try field.present())
        let dimensions = try reader.next(Int32.self)
        _ = try reader.next(Int32.self)
        let element = PostgresType(rawValue: try reader.next(UInt32.self))
        guard element.array == field.type else { throw .type(expected: "an array", found: field.type) }
        self = []
        guard dimensions > 0 else { return }
        guard dimensions == 1 else { throw .malformed("expected a one-dimensional array, found \(dimensions)") }
        let count = try reader.next(Int32.self)
        _ = try reader.next(Int32.self)
        for _ in 0..<Swift.max(0, count) {
            append(try Element(field: PostgresField(type: element, bytes: try reader.nextElement())))
        }
    }
}

private struct ArrayReader {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    mutating func next<I: FixedWidthInteger>(_: I.Type) throws(PostgresField.Flaw) -> I {
        let taken = try take(MemoryLayout<I>.size)
        return I(bigEndian: taken.loadUnaligned(as: I.self))
    }

    mutating func nextElement() throws(PostgresField.Flaw) -> UnsafeRawBufferPointer? {
        let length = Int(try next(Int32.self))
        return length < 0 ? nil : try take(length)
    }

    private mutating func take(_ count: Int) throws(PostgresField.Flaw) -> UnsafeRawBufferPointer {
        guard count <= bytes.count - offset else { throw .malformed("an array that ends early") }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}
