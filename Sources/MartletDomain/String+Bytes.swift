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
