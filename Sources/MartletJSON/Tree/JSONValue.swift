/// Any JSON as a tree, for turning stored JSON into other JSON without a `Codable` type: nothing is lost on the way.
///
/// Numbers keep their text, objects the order of their members and repeated ones too. What is not kept is how it was
/// spelt: white space, and which characters of a string were escaped. Equality counts the order of members and the text
/// of numbers.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// Reads one value that fills all of `bytes`, with the grammar and the errors of `PayloadDecoder`.
    ///
    /// Reading, comparing and freeing a tree use stack in proportion to its depth, which is why that is limited.
    ///
    /// - Throws: `PayloadError` when the bytes are not JSON, or nested deeper than `maximumDepth`.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 64) throws {
        self = try bytes.withUnsafeBytes { try JSONValue(parsing: $0, maximumDepth: maximumDepth) }
    }

    /// Reads one value that fills all of `bytes`; the tree does not refer to them afterwards.
    ///
    /// - Throws: as `init(parsing:maximumDepth:)` on an array.
    public init(parsing bytes: UnsafeRawBufferPointer, maximumDepth: Int = 64) throws {
        var scanner = PayloadScanner(bytes, maximumDepth: maximumDepth)
        try scanner.scan()
        self.init(scanner.finished(), bytes, at: 0)
    }

    /// The value at `index` of a tape, which has checked its grammar and its depth.
    private init(_ tape: borrowing PayloadTape, _ bytes: UnsafeRawBufferPointer, at index: Int) {
        let token = tape[index]
        switch token.kind {
        case .null: self = .null
        case .no: self = .bool(false)
        case .yes: self = .bool(true)
        case .integer, .decimal: self = .number(JSONNumber(checked: token.string(in: bytes)))
        case .text, .escapedText: self = .string(token.string(in: bytes))
        case .array: self = .array(Self.elements(tape, bytes, of: index))
        case .object: self = .object(JSONObject(Self.members(tape, bytes, of: index)))
        }
    }

    private static func elements(
        _ tape: borrowing PayloadTape, _ bytes: UnsafeRawBufferPointer, of array: Int
    ) -> [JSONValue] {
        var elements: [JSONValue] = []
        elements.reserveCapacity(Int(tape[array].extra))
        var index = array + 1
        while index < Int(tape[array].next) {
            elements.append(JSONValue(tape, bytes, at: index))
            index = Int(tape[index].next)
        }
        return elements
    }

    private static func members(
        _ tape: borrowing PayloadTape, _ bytes: UnsafeRawBufferPointer, of object: Int
    ) -> [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        var key = object + 1
        while key < Int(tape[object].next) {
            let value = JSONValue(tape, bytes, at: key + 1)
            members.append(JSONObject.Member(key: tape[key].string(in: bytes), value: value))
            key = Int(tape[key + 1].next)
        }
        return members
    }
}

extension JSONValue {
    /// The value as compact JSON: the same tree gives the same bytes in every process.
    public var bytes: [UInt8] {
        let writer = PayloadWriter(.plain)
        write(to: writer)
        return Array(UnsafeBufferPointer(start: writer.bytes.base, count: writer.bytes.count))
    }

    private func write(to writer: PayloadWriter) {
        switch self {
        case .null: writer.writeNull()
        case .bool(let value): writer.write(value)
        case .number(let number): writer.writeNumber(number.text)
        case .string(let text): writer.write(text)
        case .array(let elements):
            Self.write(elements, between: "[", "]", to: writer) { $0.write(to: writer) }
        case .object(let object):
            Self.write(object.members, between: "{", "}", to: writer) { member in
                writer.write(member.key)
                writer.bytes.append(UInt8(ascii: ":"))
                member.value.write(to: writer)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between open: Unicode.Scalar, _ close: Unicode.Scalar, to writer: PayloadWriter,
        _ write: (Element) -> Void
    ) {
        writer.bytes.append(UInt8(ascii: open))
        for index in elements.indices {
            if index > 0 { writer.bytes.append(UInt8(ascii: ",")) }
            write(elements[index])
        }
        writer.bytes.append(UInt8(ascii: close))
    }
}
