/// An object being written, through the keys of one type.
struct KeyedPlace<Key: CodingKey> {
    let writer: PayloadWriter
    let place: PayloadWriter.Place

    @inline(__always)
    private func integer<T: FixedWidthInteger>(_ value: T, _ key: Key) throws {
        try writer.element(place, key.stringValue) { $0.write(value) }
    }
}

extension KeyedPlace: KeyedEncodingContainerProtocol {
    var codingPath: [any CodingKey] { writer.path(of: place) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        let nested = writer.container(in: place, key.stringValue, UInt8(ascii: "{"))
        if nested.depth == 1 { writer.noteCaseKeys(keyType) }
        return keyedContainers(keyType)._withUnsafeGuaranteedRef { $0.writing(writer, nested) }
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        UnkeyedPlace(writer: writer, place: writer.container(in: place, key.stringValue, UInt8(ascii: "[")))
    }

    func superEncoder() -> any Encoder { writer.encoder(in: place, PayloadKey.superKey.stringValue) }
    func superEncoder(forKey key: Key) -> any Encoder { writer.encoder(in: place, key.stringValue) }

    func encodeNil(forKey key: Key) throws { try writer.element(place, key.stringValue) { $0.writeNull() } }

    func encode(_ value: Bool, forKey key: Key) throws {
        try writer.element(place, key.stringValue) { $0.write(value) }
    }

    func encode(_ value: String, forKey key: Key) throws {
        try writer.element(place, key.stringValue) { $0.write(value) }
    }

    func encode(_ value: Double, forKey key: Key) throws { try writer.element(value, place, key.stringValue) }
    func encode(_ value: Float, forKey key: Key) throws { try writer.element(value, place, key.stringValue) }
    func encode(_ value: Int, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int128, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt128, forKey key: Key) throws { try integer(value, key) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try writer.element(value, place, key.stringValue)
    }
}
