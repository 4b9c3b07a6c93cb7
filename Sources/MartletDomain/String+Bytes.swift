extension String {
    /// Whether PostgreSQL takes both for the same text under the collation "C"; Swift's own `==` also takes texts for
    /// the same that Unicode calls canonically equivalent.
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    package func hashBytes(into hasher: inout Hasher) {
        var text = self
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}

/// A text that is equal to another where its bytes are.
package struct ExactText: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(stringLiteral text: String) { self.init(text) }

    package static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

    package func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }

    package var description: String { text }
}
