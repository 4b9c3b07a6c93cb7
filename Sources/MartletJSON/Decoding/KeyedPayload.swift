/// An object of the payload, looked at through the keys of one type.
struct KeyedPayload<Key: CodingKey> {
    let view: PayloadView<Key>

    /// Reads with `body`, without counting a reference to the document.
    @inline(__always)
    private func reading<T>(_ body: (PayloadDocument, Int) throws -> T) rethrows -> T {
        try view.document._withUnsafeGuaranteedRef { try body($0, view.object) }
    }

    /// Reads the value that must be under `key`. In the payload of a case without `_0`, that key holds the payload
    /// itself.
    @inline(__always)
    private func value<T>(_ key: Key, _ body: (PayloadDocument, Int) throws -> T) throws -> T {
        try reading { document, object in
            if let index = document.value(under: key.stringValue, in: object) { return try body(document, index) }
            guard servesItself(key) else { throw document.keyNotFound(key, in: object) }
            return try body(document, PayloadDocument.unwrappedValue)
        }
    }

    /// Reads the value that may be under `key`, unless it is null.
    @inline(__always)
    private func valueIfPresent<T>(_ key: Key, _ body: (PayloadDocument, Int) throws -> T) throws -> T? {
        try reading { document, object in
            guard let index = indexIfPresent(key), !document.isNull(at: index) else { return nil }
            return try body(document, index)
        }
    }

    /// The value that may be under `key`. A payload in which the type knows a key is not itself what `_0` holds: that
    /// value is absent, and the others of its case are there.
    @inline(__always)
    private func indexIfPresent(_ key: Key) -> Int? {
        reading { document, object in
            if let index = document.value(under: key.stringValue, in: object) { return index }
            return servesItself(key) && isUnwrapped ? PayloadDocument.unwrappedValue : nil
        }
    }

    private func servesItself(_ key: Key) -> Bool {
        reading { document, object in
            object == PayloadDocument.caseValue && document.caseName != nil && key.stringValue == PayloadKey.unlabelled
        }
    }

    private var isUnwrapped: Bool {
        let names = reading { $0.names(of: $1) }
        return !names.isEmpty && names.allSatisfy { Key(stringValue: $0) == nil }
    }

    private func decoder(_ key: any CodingKey) -> PayloadValueDecoder {
        reading { document, object in
            let index = document.value(under: key.stringValue, in: object)
            return PayloadValueDecoder(document: document, index: index ?? document.absentValue)
        }
    }
}

extension KeyedPayload: KeyedDecodingContainerProtocol {
    var codingPath: [any CodingKey] { reading { $0.path(to: $1) } }

    var allKeys: [Key] {
        reading { document, object in
            guard object == PayloadDocument.caseRoot, let name = document.caseName else {
                return document.names(of: object).compactMap { Key(stringValue: $0) }
            }
            if let keys = view.keys(ofCase: name) { return keys }
            document.caseIsUnknown = true
            return []
        }
    }

    func contains(_ key: Key) -> Bool { indexIfPresent(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool {
        try reading { document, object in
            guard let index = indexIfPresent(key) else { throw document.keyNotFound(key, in: object) }
            return document.isNull(at: index)
        }
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try value(key) { try PayloadValueDecoder(document: $0, index: $1).container(keyedBy: type) }
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try value(key) { try PayloadValueDecoder(document: $0, index: $1).unkeyedContainer() }
    }

    func superDecoder() throws -> any Decoder { decoder(PayloadKey.superKey) }
    func superDecoder(forKey key: Key) throws -> any Decoder { decoder(key) }
}

extension KeyedPayload {
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key) { try $0.bool(at: $1) } }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key) { try $0.string(at: $1) } }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key) { try $0.double(at: $1) } }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key) { try $0.float(at: $1) } }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(type, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(type, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(type, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(type, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(type, key) }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try integer(type, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(type, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(type, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(type, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(type, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(type, key) }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try integer(type, key) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try value(key) { try $0.value(type, at: $1) }
    }

    @inline(__always)
    private func integer<T: FixedWidthInteger>(_ type: T.Type, _ key: Key) throws -> T {
        try value(key) { try $0.integer(type, at: $1) }
    }
}

extension KeyedPayload {
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try valueIfPresent(key) { try $0.bool(at: $1) }
    }

    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try valueIfPresent(key) { try $0.string(at: $1) }
    }

    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try valueIfPresent(key) { try $0.double(at: $1) }
    }

    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        try valueIfPresent(key) { try $0.float(at: $1) }
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
        try valueIfPresent(key) { try $0.integer(type, at: $1) }
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try valueIfPresent(key) { try $0.value(type, at: $1) }
    }
}
