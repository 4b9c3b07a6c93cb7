extension PayloadScanner {
    @inline(__always)
    mutating func scanWord(_ word: StaticString, _ kind: PayloadToken.Kind) throws(PayloadError) {
        let start = position
        for index in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[index] else { throw unexpected("\"\(word)\"") }
            position += 1
        }
        appendScalar(kind, from: start, to: position)
    }

    mutating func scanNumber() throws(PayloadError) {
        let start = position
        var kind = PayloadToken.Kind.integer
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") { position += 1 } else { try scanDigits() }
        if current == UInt8(ascii: ".") {
            kind = .decimal
            position += 1
            try scanDigits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            kind = .decimal
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try scanDigits()
        }
        appendScalar(kind, from: start, to: position)
    }

    @inline(__always)
    private mutating func scanDigits() throws(PayloadError) {
        guard current &- 0x30 < 10 else { throw unexpected("a digit") }
        repeat { position += 1 } while current &- 0x30 < 10
    }

    /// Scans a string from its opening quote, and checks its UTF-8 and its escapes.
    @inline(__always)
    mutating func scanString() throws(PayloadError) {
        let start = position + 1
        position = StringBytes.firstSpecial(in: bytes, from: start)
        guard current == UInt8(ascii: "\"") else { return try scanSpecials(from: start) }
        appendScalar(.text, from: start, to: position)
        position += 1
    }

    /// Scans the rest of a string, with the position at something special.
    @inline(never)
    private mutating func scanSpecials(from start: Int) throws(PayloadError) {
        var kind = PayloadToken.Kind.text
        while true {
            position = StringBytes.firstSpecial(in: bytes, from: position)
            let byte = current
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                kind = .escapedText
                try scanEscape()
            } else if byte >= 0x80 {
                try scanMultibyte()
            } else {
                throw unexpected(position < bytes.count ? "an escaped control character" : "\"\"\"")
            }
        }
        appendScalar(kind, from: start, to: position)
        position += 1
    }

    private mutating func scanMultibyte() throws(PayloadError) {
        let length = StringBytes.lengthOfCharacter(in: bytes, at: position)
        guard length > 0 else { throw unexpected("UTF-8") }
        position += length
    }

    private mutating func scanEscape() throws(PayloadError) {
        position += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            try scanUnicodeEscape()
        default: throw unexpected("an escape")
        }
    }

    /// Scans the digits of `\u`, and the second half when they are the first half of a surrogate pair.
    private mutating func scanUnicodeEscape() throws(PayloadError) {
        let unit = try scanCodeUnit()
        guard unit & 0xF800 == 0xD800 else { return }
        guard unit < 0xDC00 else { throw unexpected("a high surrogate before the low one") }
        guard current == UInt8(ascii: "\\") else { throw unexpected("a low surrogate") }
        position += 1
        guard current == UInt8(ascii: "u") else { throw unexpected("a low surrogate") }
        position += 1
        guard try scanCodeUnit() & 0xFC00 == 0xDC00 else { throw unexpected("a low surrogate") }
    }

    private mutating func scanCodeUnit() throws(PayloadError) -> UInt32 {
        let digits = StringBytes.hexDigits(in: bytes, from: position)
        position += min(digits, 4)
        guard digits >= 4 else { throw unexpected("a hexadecimal digit") }
        return StringBytes.codeUnit(in: bytes, at: position - 4)
    }
}
