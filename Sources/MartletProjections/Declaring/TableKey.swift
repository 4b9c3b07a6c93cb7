public import FoundationEssentials
public import MartletPostgres

/// What tells the rows of a table apart: a text, a number, a UUID, a time, a day, an enum of these, or a struct of such
/// parts.
///
/// ```swift
/// struct CustomerDay: TableKey {
///     let customer: String
///     let day: Day
///
///     static let parts = KeyParts(\Self.customer, \.day)
/// }
/// ```
/// Two texts are the same key where their bytes are, as in the database.
public protocol TableKey: Hashable, Sendable {
    /// Its parts in the order of the table's key columns.
    static var parts: KeyParts<Self> { get }
}

extension TableKey {
    /// What its events are ordered by: the same text for the same key, in every release.
    package var keyText: String { Self.parts.text(self) }
}

/// How a key becomes values of columns.
public struct KeyParts<Key>: Sendable {
    let types: [PostgresType]
    let text: @Sendable (Key) -> String
    let append: @Sendable (Key, inout [ArrayBuilder]) throws(PostgresError) -> Void

    /// A key of these parts.
    public init<each Part: TableKey & PostgresCodable>(_ paths: repeat any KeyPath<Key, each Part> & Sendable) {
        var types: [PostgresType] = []
        for type in repeat (each Part).self { types.append(type.postgresType) }
        self.types = types
        text = { key in
            var parts: [String] = []
            for path in repeat each paths { parts.append(key[keyPath: path].keyText.escapedAsPart) }
            return parts.joined(separator: "/")
        }
        append = { key, columns throws(PostgresError) in
            var column = 0
            for path in repeat each paths {
                try columns[column].append(key[keyPath: path])
                column += 1
            }
        }
    }

    /// A key of one column.
    init(text: @escaping @Sendable (Key) -> String) where Key: PostgresCodable {
        types = [Key.postgresType]
        self.text = text
        append = { key, columns throws(PostgresError) in try columns[0].append(key) }
    }
}

extension TableKey where Self: PostgresCodable & LosslessStringConvertible {
    public static var parts: KeyParts<Self> { KeyParts { $0.description } }
}

extension TableKey where Self: PostgresCodable & RawRepresentable, RawValue: TableKey {
    public static var parts: KeyParts<Self> { KeyParts { $0.rawValue.keyText } }
}

extension String: TableKey {}
extension Int: TableKey {}
extension Int64: TableKey {}
extension Int32: TableKey {}
extension Int16: TableKey {}
extension Bool: TableKey {}
extension Day: TableKey {}

extension UUID: TableKey {
    public static var parts: KeyParts<UUID> { KeyParts { $0.uuidString } }
}

extension Date: TableKey {
    /// Told apart by the microsecond, as in the database.
    public static var parts: KeyParts<Date> {
        KeyParts { time in
            let microseconds = (time.timeIntervalSince1970 * 1_000_000).rounded()
            return Int64(exactly: microseconds).map { String($0) } ?? String(microseconds)
        }
    }
}

extension String {
    /// So that no other parts come to the same text.
    fileprivate var escapedAsPart: String {
        guard utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }) else { return self }
        var escaped = ""
        for scalar in unicodeScalars {
            if scalar == "/" || scalar == "\\" { escaped.unicodeScalars.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        return escaped
    }
}
