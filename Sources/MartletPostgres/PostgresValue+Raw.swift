/// An enum or struct with a raw value is stored as that: `enum Status: String, PostgresCodable { case placed = "placed" }`.
extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public static var postgresType: PostgresType { RawValue.postgresType }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { try rawValue.encode(into: &buffer) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// - Throws: ``PostgresField/Flaw/malformed(_:)`` for a raw value that means nothing to this type.
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        let raw = try RawValue(field: field)
        guard let value = Self(rawValue: raw) else {
            throw .malformed("expected the raw value of a \(Self.self), found \"\(raw)\"")
        }
        self = value
    }
}
