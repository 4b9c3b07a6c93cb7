/// An array parameter that is put together element by element, so that a statement can take a set of rows as one array a
/// column without the values being kept twice.
package struct ArrayBuilder: Sendable {
    package let element: PostgresType
    package private(set) var count: Int32 = 0
    private var hasNull = false
    /// Each element as in `array_send`: its length and its bytes.
    private var elements: [UInt8] = []

    package init(of element: PostgresType) {
        self.element = element
    }

    package mutating func append<Value: PostgresEncodable>(_ value: Value) throws(PostgresError) {
        hasNull = hasNull || value.isNull
        count += 1
        try elements.append(field: value)
    }

    /// Its memory, about.
    package var byteCount: Int { elements.count }

    var parameter: Parameter {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.count + 20)
        bytes.append(bigEndian: Int32(count == 0 ? 0 : 1))
        bytes.append(bigEndian: Int32(hasNull ? 1 : 0))
        bytes.append(bigEndian: element.rawValue)
        if count > 0 {
            bytes.append(bigEndian: count)
            bytes.append(bigEndian: Int32(1))
            bytes += elements
        }
        return Parameter(type: element.array ?? .unknown, bytes: bytes, flaw: nil)
    }
}

extension [UInt8] {
    /// Appends a value as arrays and COPY have it: its length, -1 for NULL, and its binary form.
    package mutating func append<Value: PostgresEncodable>(field value: Value) throws(PostgresError) {
        guard !value.isNull else { return append(bigEndian: Int32(-1)) }
        let start = count
        append(bigEndian: Int32(0))
        try value.encode(into: &self)
        guard let length = Int32(exactly: count - start - 4) else { throw .tooLong("a value") }
        withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: start, as: Int32.self) }
    }
}

extension SQL.Interpolation {
    package mutating func appendInterpolation(_ array: ArrayBuilder) {
        append(array.parameter)
    }
}
