extension JSONParser {
    /// A number's literal, as section 6 of the RFC has it.
    mutating func number() throws(Malformed) -> String {
        let start = index
        skipByte("-")
        if !skipByte("0") { try digits(or: start == index ? "a value" : "a digit") }
        if skipByte(".") { try digits(or: "a digit") }
        if skipByte("e") || skipByte("E") {
            if !skipByte("+") { skipByte("-") }
            try digits(or: "a digit")
        }
        return text(from: start) ?? ""
    }

    private mutating func digits(or expected: String) throws(Malformed) {
        let start = index
        while let byte = byte(), (0x30...0x39).contains(byte) { index += 1 }
        if index == start { throw malformed(expected) }
    }

    @discardableResult
    private mutating func skipByte(_ character: Unicode.Scalar) -> Bool {
        guard byte() == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// A string; the index is at its opening quote.
    mutating func string() throws(Malformed) -> String {
        index += 1
        var result = ""
        var start = index
        while let byte = byte() {
            switch byte {
            case UInt8(ascii: "\""):
                result += try piece(from: start)
                index += 1
                return result
            case UInt8(ascii: "\\"):
                result += try piece(from: start)
                result.unicodeScalars.append(try escape())
                start = index
            case 0..<0x20: throw malformed("a control character as \"\\u00..\"")
            default: index += 1
            }
        }
        throw malformed("a quote at the string's end")
    }

    private func piece(from start: Int) throws(Malformed) -> String {
        guard let text = text(from: start) else {
            throw Malformed(place: start + 1, problem: "expected UTF-8, found something else")
        }
        return text
    }

    private mutating func escape() throws(Malformed) -> Unicode.Scalar {
        index += 1
        guard let letter = byte() else { throw malformed("an escape") }
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codePoint()
        default:
            index -= 1
            throw malformed("an escape")
        }
    }

    /// Four digits, or twice four of a surrogate pair.
    private mutating func codePoint() throws(Malformed) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, skipByte("\\"), skipByte("u") else { throw malformed("a pair of surrogates") }
        let second = try codeUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw malformed("a pair of surrogates") }
        return scalar
    }

    private mutating func codeUnit() throws(Malformed) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = byte(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("four hexadecimal digits")
            }
            unit = unit << 4 + UInt32(digit)
            index += 1
        }
        return unit
    }
}
