/// A value that can be bound to a statement in PostgreSQL's binary form.
public protocol PostgresEncodable: Sendable {
    static var postgresType: PostgresType { get }

    var isNull: Bool { get }

    /// Appends the binary form, without a length.
    /// - Throws: an error of SQLSTATE class 22 or 54 when the value has no such form.
    func encode(into buffer: inout [UInt8]) throws(PostgresError)
}

extension PostgresEncodable {
    public var isNull: Bool { false }
}

/// A value that can be read from a column in PostgreSQL's binary form.
public protocol PostgresDecodable: Sendable {
    /// - Throws: what kept the field from being one of these; a field of another type is never coerced silently.
    init(field: PostgresField) throws(PostgresField.Flaw)
}

public typealias PostgresCodable = PostgresEncodable & PostgresDecodable

/// One column of one row, as it arrived; valid only while it is being decoded.
public struct PostgresField {
    public let type: PostgresType
    /// Nil is NULL.
    public let bytes: UnsafeRawBufferPointer?

    /// Why a field could not be decoded.
    public enum Flaw: Error, Hashable, Sendable {
        case unexpectedNull
        case type(expected: String, found: PostgresType)
        case length(expected: Int, found: Int)
        case malformed(String)
    }

    /// The bytes of a field that must not be NULL.
    @inlinable
    public func present() throws(Flaw) -> UnsafeRawBufferPointer {
        guard let bytes else { throw .unexpectedNull }
        return bytes
    }

    /// Reads a big-endian integer that must fill the field.
    @inlinable
    func integer<I: FixedWidthInteger>(_: I.Type) throws(Flaw) -> I {
        let bytes = try present()
        guard bytes.count == MemoryLayout<I>.size else {
            throw .length(expected: MemoryLayout<I>.size, found: bytes.count)
        }
        return I(bigEndian: bytes.loadUnaligned(as: I.self))
    }
}

extension [UInt8] {
    mutating func append<I: FixedWidthInteger>(bigEndian integer: I) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }

    public var isNull: Bool { self?.isNull ?? true }

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) {
        try self?.encode(into: &buffer)
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    @inlinable
    public init(field: PostgresField) throws(PostgresField.Flaw) {
        self = field.bytes == nil ? nil : try Wrapped(field: field)
    }
}
