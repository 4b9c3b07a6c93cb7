/// Reads one JSON text (RFC 8259), strictly: nothing before or behind it, no member named twice, at most 32 levels.
///
/// Foundation's parser takes a trailing comma and keeps one of two members of the same name; here both are a client's
/// mistake that it is told about.
struct JSONParser {
    /// Where and how a text stops being JSON.
    struct Malformed: Error, Hashable {
        /// In bytes, from 1.
        let place: Int
        let problem: String
    }

    private let bytes: [UInt8]
    var index = 0
    private var depth = 0
    private static let deepest = 32

    static func parse(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value()
        guard parser.peek() == nil else { throw parser.malformed("the end of the text") }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func value() throws(Malformed) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"): try nested { parser throws(Malformed) in .object(try parser.members()) }
        case UInt8(ascii: "["): try nested { parser throws(Malformed) in .array(try parser.elements()) }
        case UInt8(ascii: "\""): .string(try string())
        case UInt8(ascii: "t"): try keyword("true", .bool(true))
        case UInt8(ascii: "f"): try keyword("false", .bool(false))
        case UInt8(ascii: "n"): try keyword("null", .null)
        default: .number(try number())
        }
    }

    private mutating func nested(
        _ read: (inout JSONParser) throws(Malformed) -> JSONValue
    ) throws(Malformed) -> JSONValue {
        guard depth < Self.deepest else { throw malformed("at most \(Self.deepest) levels") }
        depth += 1
        index += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func members() throws(Malformed) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        guard !skip("}") else { return [] }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw malformed("a member's name in quotes") }
            let name = try string()
            guard names.insert(name).inserted else { throw malformed("each member once, and \(name.excerpt) again") }
            guard skip(":") else { throw malformed("\":\" after \(name.excerpt)") }
            members.append(.init(name: name, value: try value()))
        } while skip(",")
        guard skip("}") else { throw malformed("\",\" or \"}\"") }
        return members
    }

    private mutating func elements() throws(Malformed) -> [JSONValue] {
        var elements: [JSONValue] = []
        guard !skip("]") else { return [] }
        repeat { elements.append(try value()) } while skip(",")
        guard skip("]") else { throw malformed("\",\" or \"]\"") }
        return elements
    }

    private mutating func keyword(_ word: StaticString, _ value: JSONValue) throws(Malformed) -> JSONValue {
        guard bytes[index...].starts(with: Array(word.description.utf8)) else { throw malformed("a value") }
        index += word.utf8CodeUnitCount
        return value
    }

    // MARK: bytes

    /// The next byte that is not blank; nil at the end.
    mutating func peek() -> UInt8? {
        while let byte = byte(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
        return byte()
    }

    func byte() -> UInt8? { index < bytes.count ? bytes[index] : nil }

    func text(from start: Int) -> String? { String(validating: bytes[start..<index], as: UTF8.self) }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    func malformed(_ expected: String) -> Malformed {
        let found = byte().map { (0x21...0x7E).contains($0) ? "\"\(Unicode.Scalar($0))\"" : "byte \($0)" }
        return Malformed(place: index + 1, problem: "expected \(expected), found \(found ?? "the end")")
    }
}
