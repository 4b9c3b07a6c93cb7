/// An array of the payload and the place reached in it: three words, which an existential holds without a box.
struct UnkeyedPayload {
    let document: PayloadDocument
    private let array: UInt32
    private var element: UInt32
    private(set) var currentIndex = 0

    init(document: PayloadDocument, array: Int) {
        self.document = document
        self.array = UInt32(truncatingIfNeeded: array)
        element = UInt32(truncatingIfNeeded: document.firstChild(of: array))
    }

    /// Reads the element with `read` and steps over it, unless that throws.
    @inline(__always)
    private mutating func next<T>(_ type: Any.Type, _ read: (Int) throws -> T) throws -> T {
        guard !isAtEnd else { throw end(type) }
        let value = try read(Int(element))
        element = document.tape[Int(element)].next
        currentIndex += 1
        return value
    }

    private func end(_ type: Any.Type) -> DecodingError {
        let context = document.context(
            Int(array), "expected an element, found the end of the array", appending: PayloadKey(intValue: currentIndex))
        return .valueNotFound(type, context)
    }
}

extension UnkeyedPayload: UnkeyedDecodingContainer {
    var codingPath: [any CodingKey] { document.path(to: Int(array)) }
    var count: Int? { Int(document.tape[Int(array)].extra) }
    var isAtEnd: Bool { element >= document.tape[Int(array)].next }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { throw end(Never?.self) }
        guard document.isNull(at: Int(element)) else { return false }
        return try next(Never?.self) { _ in true }
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try next(type) { [document] in try PayloadValueDecoder(document: document, index: $0).container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next([Any].self) { [document] in try PayloadValueDecoder(document: document, index: $0).unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder {
        try next((any Decoder).self) { [document] in PayloadValueDecoder(document: document, index: $0) }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next(type, document.bool) }
    mutating func decode(_ type: String.Type) throws -> String { try next(type, document.string) }
    mutating func decode(_ type: Double.Type) throws -> Double { try next(type, document.double) }
    mutating func decode(_ type: Float.Type) throws -> Float { try next(type, document.float) }
    mutating func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try next(type) { [document] in try document.value(type, at: $0) }
    }

    @inline(__always)
    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        try next(type) { [document] in try document.integer(type, at: $0) }
    }
}
