public import MartletPostgres

/// A table of a read model, and the statements that make it, none of which names a schema.
public struct ReadModelTable: Sendable {
    public let name: SQLIdentifier
    /// Run one after the other in the schema that the table is made in: the table, its indexes, its comment.
    public let statements: [SQL]

    public init(_ name: SQLIdentifier, _ statements: SQL...) {
        (self.name, self.statements) = (name, statements)
    }

    package init(_ name: SQLIdentifier, statements: [SQL]) {
        (self.name, self.statements) = (name, statements)
    }

    /// What must not change without a new version.
    package var digestText: String {
        let texts = statements.map(\.text).filter { !$0.hasPrefix("COMMENT ON ") }
        return ([name.name] + texts).joined(separator: ";\n")
    }
}
