/// Where the name and the payload are in the bytes of a case.
///
/// The brackets that the writer has recorded tell it without another look at the payload: the value of the one name is
/// the first container inside the top one (place 1) and ends directly in front of the end; the value of `_0` is the
/// first in that (place 2). After late writes, sorting, or when a place was taken by something else, the bytes are
/// scanned instead.
struct CaseSplit {
    let name: String
    let payload: Range<Int>

    init(_ writer: PayloadWriter, _ type: Any.Type) throws {
        let count = writer.bytes.count
        let bytes = UnsafeRawBufferPointer(start: writer.bytes.base, count: count)
        guard count > 2, bytes[0] == UInt8(ascii: "{") else {
            throw PayloadError.notACase(type: String(reflecting: type), found: "no name")
        }
        let isMoved = writer.lateWrites > 0 || writer.hasOuterDictionary
        let isRecorded = !isMoved && writer.states.count > 1 && writer.states[1] == count - 2
        let nameEnd = isRecorded ? StringBytes.endOfString(in: bytes, from: 2) : 0
        if isRecorded, nameEnd + 2 < count, bytes[nameEnd + 2] == UInt8(ascii: "{") {
            let value = nameEnd + 2..<count - 1
            name = StringBytes.unescaped(UnsafeRawBufferPointer(rebasing: bytes[2..<nameEnd]))
            payload = Self.unwrapped(value, writer, bytes) ?? value
        } else {
            (name, payload) = try Self.scanned(writer, bytes, type)
        }
    }

    /// The inner object of `{"_0":{…}}`, if that can stand for the whole.
    private static func unwrapped(
        _ value: Range<Int>, _ writer: PayloadWriter, _ bytes: UnsafeRawBufferPointer
    ) -> Range<Int>? {
        let begin: StaticString = "{\"_0\":{"
        let length = begin.utf8CodeUnitCount
        guard value.count > length + 2, !writer.caseKeysClash, writer.states.count > 2,
            writer.states[2] == value.upperBound - 2, bytes[value.lowerBound + length] == UInt8(ascii: "\"")
        else { return nil }
        for index in 0..<length where bytes[value.lowerBound + index] != begin.utf8Start[index] { return nil }
        return value.lowerBound + length - 1..<value.upperBound - 1
    }

    /// The same from a tape, and with the payload as it is.
    private static func scanned(
        _ writer: PayloadWriter, _ bytes: UnsafeRawBufferPointer, _ type: Any.Type
    ) throws -> (String, Range<Int>) {
        var scanner = PayloadScanner(bytes, maximumDepth: writer.options.maximumDepth)
        try scanner.scan()
        let tape = scanner.finished()
        guard tape[0].kind == .object, tape[2].kind == .object, tape[2].next == tape[0].next else {
            throw PayloadError.notACase(type: String(reflecting: type), found: "other JSON")
        }
        return (tape[1].string(in: bytes), Int(tape[2].start)..<Int(tape[2].end))
    }
}

extension PayloadWriter {
    /// Takes note of the keys of the container inside the top one.
    @inline(__always)
    func noteCaseKeys(_ type: any CodingKey.Type) {
        if splitsCase, caseKeys == nil { caseKeys = type }
    }

    /// Takes note of a key that would be a key of the payload, were it unwrapped.
    func noteInnerKey(_ key: String) {
        if let caseKeys { caseKeysClash = caseKeysClash || caseKeys.init(stringValue: key) != nil }
    }
}
