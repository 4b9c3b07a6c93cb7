/// An array being written.
struct UnkeyedPlace {
    let writer: PayloadWriter
    let place: PayloadWriter.Place

    @inline(__always)
    private func integer<T: FixedWidthInteger>(_ value: T) throws { try writer.element(place, nil) { $0.write(value) } }
}

extension UnkeyedPlace: UnkeyedEncodingContainer {
    var codingPath: [any CodingKey] { writer.path(of: place) }
    var count: Int { writer.elements(of: place) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        let nested = writer.container(in: place, nil, UInt8(ascii: "{"))
        return keyedContainers(keyType)._withUnsafeGuaranteedRef { $0.writing(writer, nested) }
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedPlace(writer: writer, place: writer.container(in: place, nil, UInt8(ascii: "[")))
    }

    func superEncoder() -> any Encoder { writer.encoder(in: place, nil) }

    func encodeNil() throws { try writer.element(place, nil) { $0.writeNull() } }
    func encode(_ value: Bool) throws { try writer.element(place, nil) { $0.write(value) } }
    func encode(_ value: String) throws { try writer.element(place, nil) { $0.write(value) } }
    func encode(_ value: Double) throws { try writer.element(value, place, nil) }
    func encode(_ value: Float) throws { try writer.element(value, place, nil) }
    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: Int128) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }
    func encode(_ value: UInt128) throws { try integer(value) }

    func encode<T: Encodable>(_ value: T) throws { try writer.element(value, place, nil) }
}
