/// An object of the payload, looked at through the keys of one type.
struct KeyedPayload<Key: CodingKey> {
    let document: PayloadDocument
    let object: Int

    /// The value that must be under `key`. In the payload of a case without `_0`, that key holds the payload itself.
    @inline(__always)
    private func index(_ key: Key) throws -> Int {
        if let index = document.value(under: key.stringValue, in: object) { return index }
        guard servesItself(key) else { throw document.keyNotFound(key, in: object) }
        return PayloadDocument.unwrappedValue
    }

    /// The value that may be under `key`. A payload in which the type knows a key is not itself what `_0` holds: that
    /// value is absent, and the others of its case are there.
    @inline(__always)
    private func indexIfPresent(_ key: Key) -> Int? {
        if let index = document.value(under: key.stringValue, in: object) { return index }
        return servesItself(key) && isUnwrapped ? PayloadDocument.unwrappedValue : nil
    }

    /// As `indexIfPresent`, without a null.
    @inline(__always)
    private func indexUnlessNull(_ key: Key) -> Int? {
        guard let index = indexIfPresent(key), !document.isNull(at: index) else { return nil }
        return index
    }

    @inline(__always)
    private func servesItself(_ key: Key) -> Bool {
        object == PayloadDocument.caseValue && document.caseName != nil && key.stringValue == PayloadKey.unlabelled
    }

    private var isUnwrapped: Bool {
        let names = document.names(of: object)
        return !names.isEmpty && names.allSatisfy { Key(stringValue: $0) == nil }
    }

    private func decoder(_ key: any CodingKey) -> PayloadValueDecoder {
        let index = document.value(under: key.stringValue, in: object)
        return PayloadValueDecoder(document: document, index: index ?? document.absentValue)
    }
}

extension KeyedPayload: KeyedDecodingContainerProtocol {
    var codingPath: [any CodingKey] { document.path(to: object) }

    var allKeys: [Key] {
        if object == PayloadDocument.caseRoot, let name = document.caseName {
            guard let key = Key(stringValue: name) else {
                document.caseIsUnknown = true
                return []
            }
            return [key]
        }
        var keys: [Key] = []
        for name in document.names(of: object) {
            if let key = Key(stringValue: name) { keys.append(key) }
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { indexIfPresent(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool {
        guard let index = indexIfPresent(key) else { throw document.keyNotFound(key, in: object) }
        return document.isNull(at: index)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try PayloadValueDecoder(document: document, index: index(key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try PayloadValueDecoder(document: document, index: index(key)).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder(PayloadKey.superKey) }
    func superDecoder(forKey key: Key) throws -> any Decoder { decoder(key) }
}

extension KeyedPayload {
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try document.bool(at: index(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try document.string(at: index(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try document.double(at: index(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try document.float(at: index(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try document.integer(type, at: index(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try document.integer(type, at: index(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try document.integer(type, at: index(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try document.integer(type, at: index(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try document.integer(type, at: index(key)) }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try document.integer(type, at: index(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try document.integer(type, at: index(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try document.integer(type, at: index(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try document.integer(type, at: index(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try document.integer(type, at: index(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try document.integer(type, at: index(key)) }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try document.integer(type, at: index(key)) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try document.value(type, at: index(key)) }
}

extension KeyedPayload {
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try indexUnlessNull(key).map(document.bool)
    }

    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try indexUnlessNull(key).map(document.string)
    }

    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try indexUnlessNull(key).map(document.double)
    }

    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        try indexUnlessNull(key).map(document.float)
    }

    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: Int128.Type, forKey key: Key) throws -> Int128? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try integerIfPresent(type, key) }
    func decodeIfPresent(_ type: UInt128.Type, forKey key: Key) throws -> UInt128? { try integerIfPresent(type, key) }

    @inline(__always)
    private func integerIfPresent<T: FixedWidthInteger>(_ type: T.Type, _ key: Key) throws -> T? {
        try indexUnlessNull(key).map { try document.integer(type, at: $0) }
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try indexUnlessNull(key).map { try document.value(type, at: $0) }
    }
}
