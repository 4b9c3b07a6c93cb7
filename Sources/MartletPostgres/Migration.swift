/// One step of a schema's history: a text of SQL that runs once, in a transaction of its own.
///
/// `{schema}` in the text stands for the schema's name, so that several apps or tenants share a database.
public struct Migration: Hashable, Sendable {
    /// The file's name, such as `V0001_events.sql`; migrations run in the order in which they are given.
    public let name: String
    public let text: String

    /// - Parameter bytes: UTF-8, as SwiftPM embeds a resource.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        text = String(decoding: bytes, as: UTF8.self)
    }

    func script(for schema: SQLIdentifier) -> String {
        text.split(separator: "{schema}", omittingEmptySubsequences: false).joined(separator: schema.name)
    }

    /// FNV-1a, 64 bits, of the text before the schema's name is put in: it finds an edit, it does not resist an attack.
    var checksum: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Why a schema cannot be brought up to date.
public enum MigrationError: Error, Hashable, Sendable {
    /// A migration was edited after it had run.
    case edited(schema: String, name: String, expected: String, found: String)
    /// The database has a migration that this program does not know: a newer program has been here.
    case unknown(schema: String, name: String)
    /// The program has a migration that should have run before one that the database has.
    case outOfOrder(schema: String, expected: String, found: String)
    case failed(schema: String, name: String, PostgresError)
}

extension MigrationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .edited(let schema, let name, let expected, let found):
            "migration \"\(name)\" of schema \"\(schema)\" was edited after it had run:"
                + " expected checksum \(expected), found \(found)"
        case .unknown(let schema, let name):
            "schema \"\(schema)\" has migration \"\(name)\", which this program does not know; is the program too old?"
        case .outOfOrder(let schema, let expected, let found):
            "schema \"\(schema)\": expected migration \"\(expected)\" next, found \"\(found)\""
        case .failed(let schema, let name, let error):
            "migration \"\(name)\" of schema \"\(schema)\" failed and changed nothing: \(error.message)"
        }
    }
}
