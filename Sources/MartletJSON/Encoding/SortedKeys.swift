/// JSON with the members of each object in the order of their keys' bytes, so that equal dictionaries, whose order
/// changes from one to the next, give equal bytes.
///
/// - Parameter json: as a `PayloadEncoder` writes it: well-formed and without white space. Arrays keep their order.
package func sortingKeys(ofJSON json: [UInt8]) -> [UInt8] {
    var reader = WrittenValues(rest: json[...])
    return reader.nextSorted()
}

private struct WrittenValues {
    var rest: ArraySlice<UInt8>

    mutating func nextSorted() -> [UInt8] {
        switch rest.first {
        case UInt8(ascii: "{"): object()
        case UInt8(ascii: "["): array()
        case UInt8(ascii: "\""): string()
        default: scalar()
        }
    }

    private mutating func object() -> [UInt8] {
        let members = elements { reader in
            let key = reader.string()
            reader.rest.removeFirst()
            return (key, reader.nextSorted())
        }
        let sorted = members.sorted { $0.0.lexicographicallyPrecedes($1.0) }
        return joined(sorted.map { $0.0 + [UInt8(ascii: ":")] + $0.1 }, in: "{}")
    }

    private mutating func array() -> [UInt8] { joined(elements { $0.nextSorted() }, in: "[]") }

    /// What stands between two brackets.
    private mutating func elements<Element>(_ next: (inout WrittenValues) -> Element) -> [Element] {
        var found: [Element] = []
        rest.removeFirst()
        while let byte = rest.first, byte != UInt8(ascii: "}"), byte != UInt8(ascii: "]") {
            found.append(next(&self))
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
        }
        rest = rest.dropFirst()
        return found
    }

    private mutating func string() -> [UInt8] {
        var isEscaped = false
        let end = rest.dropFirst().firstIndex { byte in
            defer { isEscaped = !isEscaped && byte == UInt8(ascii: "\\") }
            return byte == UInt8(ascii: "\"") && !isEscaped
        }
        return take(upTo: end.map { $0 + 1 })
    }

    private mutating func scalar() -> [UInt8] {
        take(upTo: rest.firstIndex { [UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains($0) })
    }

    private mutating func take(upTo end: Int?) -> [UInt8] {
        let end = end ?? rest.endIndex
        defer { rest = rest[end...] }
        return Array(rest[..<end])
    }

    private func joined(_ parts: [[UInt8]], in brackets: StaticString) -> [UInt8] {
        let comma = [UInt8(ascii: ",")]
        return [brackets.utf8Start[0]] + parts.joined(separator: comma) + [brackets.utf8Start[1]]
    }
}
