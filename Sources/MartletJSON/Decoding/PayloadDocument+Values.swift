import FoundationEssentials

extension PayloadDocument {
    /// The value of any type at `index`. Called without specialisation, so types with a short cut are told apart by
    /// comparing metatypes, which costs one comparison of pointers each.
    func value<T: Decodable>(_ type: T.Type, at index: Int) throws -> T {
        if T.self == String.self { return Self.same(try string(at: index)) }
        if T.self == Int.self { return Self.same(try integer(Int.self, at: index)) }
        if T.self == Double.self { return Self.same(try double(at: index)) }
        if T.self == UUID.self { return Self.same(try uuid(at: index)) }
        if T.self == Date.self { return Self.same(try date(at: index)) }
        if T.self == Decimal.self { return Self.same(try decimal(at: index)) }
        if T.self == Data.self { return Self.same(try data(at: index)) }
        if T.self == URL.self { return Self.same(try url(at: index)) }
        return try T(from: PayloadValueDecoder(document: self, index: index))
    }

    /// `value` as the type it is known to have: a cast that costs nothing, only for use behind a comparison of
    /// metatypes.
    @inline(__always)
    private static func same<T, U>(_ value: T) -> U { unsafeBitCast(value, to: U.self) }

    private func uuid(at index: Int) throws -> UUID {
        let token = tape[index]
        if token.kind == .text, let uuid = UUIDText.uuid(bytes(of: token)) { return uuid }
        guard let uuid = UUID(uuidString: try string(at: index)) else {
            throw corrupted(at: index, expected: "a UUID", found: "another string")
        }
        return uuid
    }

    private func date(at index: Int) throws -> Date {
        switch options.dates {
        case .secondsSince1970: return Date(timeIntervalSince1970: try double(at: index))
        case .millisecondsSince1970: return Date(timeIntervalSince1970: try double(at: index) / 1000)
        case .iso8601: break
        }
        let token = tape[index]
        if token.kind == .text, let date = DateText.date(bytes(of: token)) { return date }
        var text = try string(at: index)
        guard let date = text.withUTF8({ DateText.date(UnsafeRawBufferPointer($0)) }) else {
            throw corrupted(at: index, expected: "an ISO 8601 date and time", found: "another string")
        }
        return date
    }

    private func decimal(at index: Int) throws -> Decimal {
        let token = tape[index]
        guard token.kind == .integer || token.kind == .decimal else {
            throw mismatch(Decimal.self, expected: "a number", at: index)
        }
        if token.kind == .integer, let value = NumberText.shortInteger(bytes(of: token)) { return Decimal(value) }
        guard let value = DecimalText.decimal(bytes(of: token)) else {
            throw corrupted(at: index, expected: "a number of at most 38 digits", found: "another number")
        }
        return value
    }

    private func data(at index: Int) throws -> Data {
        guard options.data == .base64 else { return try Data(from: PayloadValueDecoder(document: self, index: index)) }
        guard let data = Data(base64Encoded: try string(at: index)) else {
            throw corrupted(at: index, expected: "base64", found: "another string")
        }
        return data
    }

    private func url(at index: Int) throws -> URL {
        guard let url = URL(string: try string(at: index)) else {
            throw corrupted(at: index, expected: "a URL", found: "another string")
        }
        return url
    }
}
