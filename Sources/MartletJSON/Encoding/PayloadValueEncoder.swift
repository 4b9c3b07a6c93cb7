/// The `Encoder` for one value: a place in the writer, small enough to travel in an existential without a box.
struct PayloadValueEncoder: Encoder {
    let writer: PayloadWriter
    let place: PayloadWriter.Place

    var codingPath: [any CodingKey] { writer.path(of: place) }
    var userInfo: [CodingUserInfoKey: Any] { writer.options.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if place.depth == 1 { writer.noteCaseKeys(type) }
        let object = writer.container(place, UInt8(ascii: "{"))
        return keyedContainers(type)._withUnsafeGuaranteedRef { containers in
            if containers.areDictionaries { writer.sortsMembers(of: object) }
            return containers.writing(writer, object)
        }
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedPlace(writer: writer, place: writer.container(place, UInt8(ascii: "[")))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// Writes the value with `write`, which must not throw between the first byte and the last.
    @inline(__always)
    private func value(_ write: (PayloadWriter) -> Void) throws {
        guard writer.pending == place.id else { return try writer.spliceValue(place) { write($0) } }
        writer.pending = PayloadWriter.none
        writer.states[Int(place.id)] = PayloadWriter.State.value
        write(writer)
    }

    @inline(__always)
    private func integer<T: FixedWidthInteger>(_ value: T) throws { try self.value { $0.write(value) } }
}

extension PayloadValueEncoder: SingleValueEncodingContainer {
    func encodeNil() throws { try value { $0.writeNull() } }
    func encode(_ value: Bool) throws { try self.value { $0.write(value) } }
    func encode(_ value: String) throws { try self.value { $0.write(value) } }

    func encode(_ value: Double) throws {
        guard value.isFinite else { throw writer.notFinite(value, codingPath) }
        try self.value { $0.write(value) }
    }

    func encode(_ value: Float) throws {
        guard value.isFinite else { throw writer.notFinite(value, codingPath) }
        try self.value { $0.write(value) }
    }

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

    func encode<T: Encodable>(_ value: T) throws {
        guard writer.pending == place.id else { return try writer.spliceValue(place) { try $0.value(value) } }
        let mark = PayloadWriter.Mark(writer)
        do {
            if try writer.writeDirectly(value) {
                writer.pending = PayloadWriter.none
                writer.states[Int(place.id)] = PayloadWriter.State.value
            } else {
                try writer.encode(value, at: place)
            }
        } catch {
            writer.rollBack(to: mark, depth: Int(place.depth), error)
            writer.states[Int(place.id)] = PayloadWriter.State.empty
            writer.pending = place.id
            throw error
        }
    }
}
