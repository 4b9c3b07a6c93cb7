/// Reads back what a writer has written, to find a path or a member: rare work, which would cost every encoding if it
/// were recorded.
struct WrittenJSON {
    /// An open container, with the bytes of its last key (without quotes) or the number of commas in it.
    private struct Level {
        let start: Int
        let isObject: Bool
        var key: Range<Int>?
        var awaitsKey: Bool
        var commas = 0
        var isEmpty = true
    }

    private var levels: [Level] = []

    /// Reads the bytes in front of `end`.
    init(_ bytes: borrowing GrowingBuffer<UInt8>, upTo end: Int, from start: Int = 0) {
        var position = start
        while position < end { step(bytes, &position) }
    }

    /// Where the innermost container begins.
    var innermostStart: Int { levels.last?.start ?? 0 }

    /// The number of elements in the container inside `depth` others.
    func elements(at depth: Int) -> Int {
        guard levels.indices.contains(depth), !levels[depth].isEmpty else { return 0 }
        return levels[depth].commas + 1
    }

    /// The number of elements in the innermost container.
    var innermostElements: Int { elements(at: levels.count - 1) }

    /// The path to the container inside the outer `depth` ones, or to the innermost.
    func path(_ bytes: borrowing GrowingBuffer<UInt8>, depth: Int? = nil) -> [any CodingKey] {
        var path: [any CodingKey] = []
        for level in levels.prefix(max(depth ?? levels.count - 1, 0)) {
            if !level.isObject {
                path.append(PayloadKey(intValue: level.commas))
            } else if let key = level.key {
                path.append(PayloadKey(stringValue: StringBytes.unescaped(Self.raw(bytes, key))))
            }
        }
        return path
    }

    private mutating func step(_ bytes: borrowing GrowingBuffer<UInt8>, _ position: inout Int) {
        let byte = bytes[position]
        let begin = position
        position += 1
        switch byte {
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = levels.popLast()
            return
        case UInt8(ascii: ","):
            guard let last = levels.indices.last else { return }
            levels[last].commas += 1
            levels[last].awaitsKey = levels[last].isObject
            return
        case UInt8(ascii: "\""):
            let all = UnsafeRawBufferPointer(start: bytes.base, count: bytes.count)
            position = min(StringBytes.endOfString(in: all, from: position) + 1, bytes.count)
        default: break
        }
        if let last = levels.indices.last {
            levels[last].isEmpty = false
            if levels[last].awaitsKey { levels[last].key = begin + 1..<position - 1 }
            levels[last].awaitsKey = false
        }
        if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
            let isObject = byte == UInt8(ascii: "{")
            levels.append(Level(start: begin, isObject: isObject, awaitsKey: isObject))
        }
    }

    private static func raw(_ bytes: borrowing GrowingBuffer<UInt8>, _ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes.base + range.lowerBound, count: range.count)
    }
}

extension WrittenJSON {
    /// The bytes of the member `key` in the object that begins at `start`, with one comma if there is one.
    static func member(_ key: String, of start: Int, in bytes: borrowing GrowingBuffer<UInt8>) -> Range<Int>? {
        var reader = WrittenJSON(bytes, upTo: start + 1, from: start)
        var position = start + 1
        var found: Int?
        while position < bytes.count {
            let begin = position
            let isTop = reader.levels.count == 1
            reader.step(bytes, &position)
            if let found {
                if isTop, bytes[begin] == UInt8(ascii: ",") { return found..<position }
                if reader.levels.isEmpty { return withComma(found, of: start)..<begin }
            } else if reader.levels.isEmpty {
                return nil
            } else if isTop, let name = reader.levels[0].key, name.lowerBound == begin + 1 {
                found = StringBytes.unescaped(raw(bytes, name)) == key ? begin : nil
            }
        }
        return found.map { withComma($0, of: start)..<position }
    }

    /// The begin of a last member, or of the comma in front of it.
    private static func withComma(_ member: Int, of start: Int) -> Int { member == start + 1 ? member : member - 1 }
}
