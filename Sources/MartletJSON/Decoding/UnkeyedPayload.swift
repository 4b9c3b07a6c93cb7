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

    /// The element to be read now; `advance` steps over it once that has worked.
    @inline(__always)
    private func current(_ type: Any.Type) throws -> Int {
        guard !isAtEnd else { throw end(type) }
        return Int(element)
    }

    @inline(__always)
    private mutating func advance() {
        element = document.tape[Int(element)].next
        currentIndex += 1
    }

    private func end(_ type: Any.Type) -> DecodingError {
        let context = document.context(
            Int(array), "expected an element, found the end of the array", appending: PayloadKey(intValue: currentIndex)
        )
        return .valueNotFound(type, context)
    }
}

extension UnkeyedPayload: UnkeyedDecodingContainer {
    var codingPath: [any CodingKey] { document.path(to: Int(array)) }
    var count: Int? { Int(document.tape[Int(array)].extra) }
    var isAtEnd: Bool { element >= document.tape[Int(array)].next }

    mutating func decodeNil() throws -> Bool {
        let isNull = document.isNull(at: try current(Never?.self))
        if isNull { advance() }
        return isNull
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        let container = try decoder().container(keyedBy: type)
        advance()
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try decoder().unkeyedContainer()
        advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try decoder()
        advance()
        return decoder
    }

    private func decoder() throws -> PayloadValueDecoder {
        PayloadValueDecoder(document: document, index: try current((any Decoder).self))
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let value = try document.value(type, at: current(type))
        advance()
        return value
    }

    @inline(__always)
    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let value = try document.integer(type, at: current(type))
        advance()
        return value
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool {
        let value = try document.bool(at: current(type))
        advance()
        return value
    }

    mutating func decode(_ type: String.Type) throws -> String {
        let value = try document.string(at: current(type))
        advance()
        return value
    }

    mutating func decode(_ type: Double.Type) throws -> Double {
        let value = try document.double(at: current(type))
        advance()
        return value
    }

    mutating func decode(_ type: Float.Type) throws -> Float {
        let value = try document.float(at: current(type))
        advance()
        return value
    }

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
}
