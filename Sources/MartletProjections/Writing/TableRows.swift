import MartletDomain

/// Rows by their keys, where texts are the same if their bytes are: as the database tells them apart, and not as Swift's
/// `==` does, to which an "é" of two scalars is one of a single scalar.
package struct TableRows<Row: TableRow>: Sendable {
    private var rows: [ExactText: Row] = [:]

    package init() {}

    package subscript(_ key: Row.Key) -> Row? {
        get { rows[ExactText(key.keyText)] }
        set { rows[ExactText(key.keyText)] = newValue }
    }

    package var all: some Collection<Row> { rows.values }
}

/// A projection has left a row under a key that is not its own.
struct ForeignRow: Error, CustomStringConvertible {
    let table: String
    let expected: String
    let found: String

    // The keys may be what somebody stored, and errors are shown.
    var description: String { "table \"\(table)\": expected a row of key \"\(expected)\", found one of \"\(found)\"" }
}
