/// A name of a schema, table, column or channel that may become part of a statement's text.
///
/// Only lower-case letters, digits and underscores, not a digit first, at most 63 bytes (PostgreSQL's limit): no
/// quoting rule has to be relied on.
public struct SQLIdentifier: Hashable, Sendable, CustomStringConvertible {
    public let name: String

    /// - Throws: ``Invalid`` with the name that was found.
    public init(_ name: String) throws(Invalid) {
        let isAllowed = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard isAllowed, let first = name.utf8.first, !(48...57).contains(first), name.utf8.count <= 63 else {
            throw Invalid(name: name)
        }
        self.name = name
    }

    public struct Invalid: Error, Hashable, CustomStringConvertible {
        public let name: String

        public var description: String {
            "expected a name of at most 63 lower-case letters, digits and underscores, found \"\(name)\""
        }
    }

    public var description: String { name }

    var quoted: String { "\"\(name)\"" }
}

extension SQLIdentifier: ExpressibleByStringLiteral {
    /// A literal is the programmer's own, so one that breaks the rule is a broken promise and stops the program.
    public init(stringLiteral name: StaticString) {
        do throws(Invalid) {
            try self.init(name.description)
        } catch {
            preconditionFailure(error.description)
        }
    }
}
