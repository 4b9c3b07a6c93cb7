/// Checks a payload and writes its tape in one pass, without recursion: depth costs tape, not stack.
struct PayloadScanner: ~Copyable {
    /// Offsets are 32 bits wide.
    static let maximumSize = Int(UInt32.max - 1)
    /// Stands for "no container around this" in the chain of open containers.
    static let none = UInt32.max

    let bytes: UnsafeRawBufferPointer
    let maximumDepth: Int
    var position = 0
    var tape: PayloadTape
    private var depth = 0
    private var innermost = Self.none

    init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        tape = PayloadTape(capacity: 24 + bytes.count / 12)
    }

    /// The tape, ended with the null for absent values.
    consuming func finished() -> PayloadTape {
        appendScalar(.null, from: position, to: position)
        return tape
    }

    /// Scans one value and nothing after it but white space.
    mutating func scan() throws(PayloadError) {
        guard bytes.count <= Self.maximumSize else {
            throw .tooLarge(bytes: bytes.count, limit: Self.maximumSize)
        }
        repeat {
            try scanValue()
        } while try continues()
        guard position == bytes.count else { throw unexpected("the end of the payload") }
    }

    /// The byte at the position, or 0 at the end, which no value may hold.
    @inline(__always)
    var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    @inline(__always)
    mutating func skipSpace() -> UInt8 {
        while true {
            let byte = current
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
    }

    /// Scans down to the next scalar or empty container.
    private mutating func scanValue() throws(PayloadError) {
        while true {
            switch skipSpace() {
            case UInt8(ascii: "{"):
                try open(.object)
                if skipSpace() == UInt8(ascii: "}") { return close() }
                try scanKey()
            case UInt8(ascii: "["):
                try open(.array)
                if skipSpace() == UInt8(ascii: "]") { return close() }
                tape.base[Int(innermost)].extra = 1
            case UInt8(ascii: "\""): return try scanString()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try scanNumber()
            case UInt8(ascii: "t"): return try scanWord("true", .yes)
            case UInt8(ascii: "f"): return try scanWord("false", .no)
            case UInt8(ascii: "n"): return try scanWord("null", .null)
            default: throw unexpected("a value")
            }
        }
    }

    /// Closes the containers that end here and steps to the next value, if there is one.
    private mutating func continues() throws(PayloadError) -> Bool {
        while innermost != Self.none {
            let container = tape.base + Int(innermost)
            let isObject = container.pointee.kind == .object
            let byte = skipSpace()
            if byte == UInt8(ascii: ",") {
                position += 1
                if isObject {
                    _ = skipSpace()
                    try scanKey()
                } else {
                    container.pointee.extra += 1
                }
                return true
            }
            guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw unexpected(isObject ? "\",\" or \"}\"" : "\",\" or \"]\"")
            }
            close()
        }
        _ = skipSpace()
        return false
    }

    private mutating func scanKey() throws(PayloadError) {
        guard current == UInt8(ascii: "\"") else { throw unexpected("a key") }
        try scanString()
        guard skipSpace() == UInt8(ascii: ":") else { throw unexpected("\":\"") }
        position += 1
    }

    private mutating func open(_ kind: PayloadToken.Kind) throws(PayloadError) {
        guard depth < maximumDepth else { throw .tooDeep(offset: position, limit: maximumDepth) }
        depth += 1
        let index = UInt32(truncatingIfNeeded: tape.count)
        tape.append(
            PayloadToken(start: UInt32(truncatingIfNeeded: position), end: 0, next: innermost, kind: kind))
        innermost = index
        position += 1
    }

    private mutating func close() {
        position += 1
        depth -= 1
        let container = tape.base + Int(innermost)
        if container.pointee.kind == .object { container.pointee.extra = innermost + 1 }
        innermost = container.pointee.next
        container.pointee.end = UInt32(truncatingIfNeeded: position)
        container.pointee.next = UInt32(truncatingIfNeeded: tape.count)
    }

    @inline(__always)
    mutating func appendScalar(_ kind: PayloadToken.Kind, from start: Int, to end: Int) {
        tape.append(
            PayloadToken(
                start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
                next: UInt32(truncatingIfNeeded: tape.count + 1), kind: kind))
    }
}

extension PayloadScanner {
    /// The complaint that something other than `expected` stands at the position.
    func unexpected(_ expected: String) -> PayloadError {
        .malformed(offset: position, path: PayloadKey.text(path()), expected: expected, found: found())
    }

    private func found() -> String {
        guard position < bytes.count else { return "the end of the payload" }
        let byte = bytes[position]
        let digits = String(byte, radix: 16, uppercase: true)
        return (0x20..<0x7F).contains(byte)
            ? "\"\(Unicode.Scalar(byte))\"" : "byte 0x\(byte < 16 ? "0" : "")\(digits)"
    }

    /// The path of the innermost value that has begun, from the chain of open containers.
    private func path() -> [any CodingKey] {
        var path: [any CodingKey] = []
        var container = innermost
        while container != Self.none {
            let token = tape[Int(container)]
            if let step = lastStep(in: Int(container), token) { path.append(step) }
            container = token.next
        }
        return path.reversed()
    }

    private func lastStep(in container: Int, _ token: PayloadToken) -> (any CodingKey)? {
        guard token.kind == .object else {
            return token.extra == 0 ? nil : PayloadKey(intValue: Int(token.extra) - 1)
        }
        var key = container + 1
        while key + 1 < tape.count, !isOpen(key + 1) {
            let following = Int(tape[key + 1].next)
            guard following < tape.count else { break }
            key = following
        }
        guard key < tape.count else { return nil }
        return PayloadKey(stringValue: tape[key].string(in: bytes))
    }

    private func isOpen(_ index: Int) -> Bool {
        tape[index].kind.rawValue >= PayloadToken.Kind.array.rawValue && tape[index].end == 0
    }
}

extension PayloadScanner {
    /// Writes the tokens that stand for the name of a case around the payload; see `PayloadDocument.caseRoot`.
    mutating func beginCase() {
        tape.append(PayloadToken(start: 0, end: 0, next: 0, extra: 1, kind: .object))
        tape.append(PayloadToken(start: 0, end: 0, next: 2, kind: .text))
        tape.append(PayloadToken(start: 0, end: 0, next: 0, kind: .null))
    }

    /// Completes those tokens, once the payload behind them has been scanned.
    mutating func endCase() {
        let payload = tape[PayloadDocument.unwrappedValue]
        tape[PayloadDocument.caseValue] = payload
        tape.base[PayloadDocument.caseRoot].next = payload.next
    }
}
