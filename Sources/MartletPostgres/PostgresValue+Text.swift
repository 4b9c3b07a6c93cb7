public import FoundationEssentials

extension String: PostgresCodable {
    public static var postgresType: PostgresType { .text }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(contentsOf: utf8) }

    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        switch field.type {
        case .text, .varchar, .bpchar, .name, .unknown: self.init(decoding: try field.present(), as: UTF8.self)
        default: throw .type(expected: "text", found: field.type)
        }
    }
}

/// JSON as its UTF-8 bytes, neither parsed nor changed; for columns of type `json`, and readable from `jsonb`.
public struct JSON: Hashable, Sendable {
    public var bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension JSON: PostgresCodable {
    public static var postgresType: PostgresType { .json }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(contentsOf: bytes) }

    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        let found = try field.present()
        switch field.type {
        case .json: bytes = Array(found)
        case .jsonb where found.first == 1: bytes = Array(found.dropFirst())  // 1 is the format's version
        default: throw .type(expected: "json", found: field.type)
        }
    }
}

extension Data: PostgresCodable {
    public static var postgresType: PostgresType { .bytea }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(contentsOf: self) }

    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .bytea else { throw .type(expected: "bytea", found: field.type) }
        self.init(try field.present())
    }
}

extension UUID: PostgresCodable {
    public static var postgresType: PostgresType { .uuid }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) {
        withUnsafeBytes(of: uuid) { buffer.append(contentsOf: $0) }
    }

    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .uuid else { throw .type(expected: "uuid", found: field.type) }
        let bytes = try field.present()
        guard bytes.count == 16 else { throw .length(expected: 16, found: bytes.count) }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Date: PostgresCodable {
    public static var postgresType: PostgresType { .timestamptz }

    /// PostgreSQL counts microseconds from the year 2000, Foundation seconds from 2001.
    @usableFromInline static let epochDifference: TimeInterval = 31_622_400

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.epochDifference) * 1_000_000).rounded()
        // PostgreSQL's own range ends in the years -4713 and 294276; its end values stand for infinity.
        guard let value = Int64(exactly: microseconds), value > .min, value < .max else {
            throw PostgresError(sqlState: .datetimeFieldOverflow, message: "date out of range for timestamptz")
        }
        buffer.append(bigEndian: value)
    }

    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .timestamptz else { throw .type(expected: "timestamptz", found: field.type) }
        let microseconds = try field.integer(Int64.self)
        switch microseconds {
        case .max: self = .distantFuture
        case .min: self = .distantPast
        default:
            self.init(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - Self.epochDifference)
        }
    }
}

/// The bytes of a column of type `bytea`, without Foundation's `Data` around them.
package struct Bytea: Hashable, Sendable, PostgresCodable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static var postgresType: PostgresType { .bytea }

    package func encode(into buffer: inout [UInt8]) throws(PostgresError) { buffer.append(contentsOf: bytes) }

    package init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .bytea else { throw .type(expected: "bytea", found: field.type) }
        bytes = Array(try field.present())
    }
}
