extension PostgresDecodable where Self: FixedWidthInteger {
    /// Reads any of PostgreSQL's integer types whose value fits.
    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        let value: Int64 =
            switch field.type {
            case .int8: try field.integer(Int64.self)
            case .int4: Int64(try field.integer(Int32.self))
            case .int2: Int64(try field.integer(Int16.self))
            default: throw .type(expected: "an integer", found: field.type)
            }
        guard let fitting = Self(exactly: value) else { throw .malformed("\(value) does not fit \(Self.self)") }
        self = fitting
    }
}

extension Int: PostgresCodable {
    public static var postgresType: PostgresType { .int8 }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(bigEndian: Int64(self)) }
}

extension Int64: PostgresCodable {
    public static var postgresType: PostgresType { .int8 }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(bigEndian: self) }
}

extension Int32: PostgresCodable {
    public static var postgresType: PostgresType { .int4 }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(bigEndian: self) }
}

extension Int16: PostgresCodable {
    public static var postgresType: PostgresType { .int2 }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(bigEndian: self) }
}

extension Double: PostgresCodable {
    public static var postgresType: PostgresType { .float8 }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(bigEndian: bitPattern) }

    public init(field: PostgresField) throws(PostgresField.Flaw) {
        switch field.type {
        case .float8: self.init(bitPattern: try field.integer(UInt64.self))
        case .float4: self.init(Float(bitPattern: try field.integer(UInt32.self)))
        default: throw .type(expected: "a floating-point number", found: field.type)
        }
    }
}

extension Float: PostgresCodable {
    public static var postgresType: PostgresType { .float4 }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(bigEndian: bitPattern) }

    public init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .float4 else { throw .type(expected: "float4", found: field.type) }
        self.init(bitPattern: try field.integer(UInt32.self))
    }
}

extension Bool: PostgresCodable {
    public static var postgresType: PostgresType { .bool }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(self ? 1 : 0) }

    public init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .bool else { throw .type(expected: "bool", found: field.type) }
        self = try field.integer(UInt8.self) != 0
    }
}
