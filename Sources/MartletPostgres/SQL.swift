/// A statement whose interpolated values are bound as parameters, so that the convenient spelling is the safe one.
///
/// ```swift
/// let sql: SQL = "SELECT total FROM orders WHERE id = \(id) AND placed_at > \(since)"
/// ```
/// A ``SQLIdentifier`` becomes part of the text, quoted; another `SQL` is spliced in with its own parameters.
public struct SQL: Sendable {
    enum Part: Sendable {
        case text(String)
        case parameter(Parameter)
    }

    private(set) var parts: [Part]
    private(set) var isPrepared = false

    /// The statement, which the server keeps parsed for the next time that the session runs the same text: for the few that
    /// are run all the time. Of no account where it becomes a part of another one.
    public static func prepared(_ sql: SQL) -> SQL {
        var sql = sql
        sql.isPrepared = true
        return sql
    }

    var parameters: [Parameter] {
        parts.compactMap { if case .parameter(let parameter) = $0 { parameter } else { nil } }
    }

    /// The text as PostgreSQL gets it, with `$1`, `$2`, … for the parameters.
    public var text: String {
        var text = ""
        var number = 0
        for part in parts {
            switch part {
            case .text(let piece): text += piece
            case .parameter:
                number += 1
                text += "$\(number)"
            }
        }
        return text
    }

    /// Text that the program itself was built with, such as a migration; never anything from outside.
    package init(trusted text: String) {
        parts = [.text(text)]
    }
}

extension SQL: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) {
        parts = [.text(text)]
    }

    public init(stringInterpolation interpolation: Interpolation) {
        parts = interpolation.parts
    }

    public struct Interpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(interpolationCount * 2 + 1)
        }

        public mutating func appendLiteral(_ text: String) {
            if !text.isEmpty { parts.append(.text(text)) }
        }

        /// Binds a value as a parameter.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            parts.append(.parameter(Parameter(value)))
        }

        /// Binds a value, or NULL.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parts.append(.parameter(Parameter(value)))
        }

        mutating func append(_ parameter: Parameter) { parts.append(.parameter(parameter)) }

        public mutating func appendInterpolation(_ identifier: SQLIdentifier) {
            parts.append(.text(identifier.quoted))
        }

        public mutating func appendInterpolation(_ sql: SQL) {
            parts += sql.parts
        }
    }
}

/// One bound value in PostgreSQL's binary form.
struct Parameter: Sendable {
    let type: PostgresType
    /// Nil is NULL.
    let bytes: [UInt8]?
    /// Why the value has no PostgreSQL form; thrown when the statement is run.
    let flaw: PostgresError?

    init(type: PostgresType, bytes: [UInt8]?, flaw: PostgresError?) {
        (self.type, self.bytes, self.flaw) = (type, bytes, flaw)
    }

    init<Value: PostgresEncodable>(_ value: Value) {
        type = Value.postgresType
        guard !value.isNull else {
            (bytes, flaw) = (nil, nil)
            return
        }
        var buffer: [UInt8] = []
        do throws(PostgresError) {
            try value.encode(into: &buffer)
            (bytes, flaw) = (buffer, nil)
        } catch {
            (bytes, flaw) = (nil, error)
        }
    }
}
