/// What both directions need to know about the bytes of JSON strings.
enum StringBytes {
    /// The first byte from `start` on that a string cannot copy as it is: a quote, a backslash, a control character, or
    /// the begin of a character of more than one byte. The end if there is none.
    ///
    /// Eight bytes at a time: subtracting borrows into the high bit of a byte that is too small, and a borrow spreads
    /// only upwards, so the lowest flagged byte is right.
    @inline(__always)
    static func firstSpecial(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let flags = specials(in: word)
            if flags != 0 { return position + flags.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { break }
            position += 1
        }
        return position
    }

    /// A high bit in each byte of `word` that is special, and perhaps in some above the lowest of them.
    @inline(__always)
    static func specials(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let controls = word &- ones &* 0x20
        let quotes = (word ^ ones &* 0x22) &- ones
        let backslashes = (word ^ ones &* 0x5C) &- ones
        return (word | controls | quotes | backslashes) & (ones &* 0x80)
    }

    /// The first byte from `start` on that JSON wants escaped. The end if there is none.
    @inline(__always)
    static func firstToEscape(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let flags = specials(in: word) & ~word
            if flags != 0 { return position + flags.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { break }
            position += 1
        }
        return position
    }

    /// Whether two strings of the same length are the same, in steps that overlap at the end.
    @inline(__always)
    static func areEqual(_ bytes: UnsafeRawBufferPointer, _ others: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        if count >= 8 { return areEqual(bytes, others, by: UInt64.self) }
        if count >= 4 { return areEqual(bytes, others, by: UInt32.self) }
        for index in 0..<count where bytes[index] != others[index] { return false }
        return true
    }

    @inline(__always)
    private static func areEqual<Word: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ others: UnsafeRawBufferPointer, by word: Word.Type
    ) -> Bool {
        let last = bytes.count - Word.bitWidth / 8
        var position = 0
        while true {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: word)
            guard word == others.loadUnaligned(fromByteOffset: position, as: Word.self) else { return false }
            if position == last { return true }
            position = min(position + Word.bitWidth / 8, last)
        }
    }

    /// One of 64 bits by length, first and last byte: keys of different bits are different.
    @inline(__always)
    static func fingerprint(_ key: UnsafeRawBufferPointer) -> UInt64 {
        let ends = key.isEmpty ? 0 : UInt64(key[0]) &* 7 &+ UInt64(key[key.count - 1]) &* 13
        return 1 << ((UInt64(key.count) &* 29 &+ ends) & 63)
    }

    /// The bytes of the well-formed character at `position` (Unicode 16, table 3-7), or 0.
    static func lengthOfCharacter(in bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
        func isTail(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            position + offset < bytes.count && range.contains(bytes[position + offset])
        }
        switch bytes[position] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: return isTail(1) ? 2 : 0
        case 0xE0: return isTail(1, 0xA0...0xBF) && isTail(2) ? 3 : 0
        case 0xE1...0xEC, 0xEE, 0xEF: return isTail(1) && isTail(2) ? 3 : 0
        case 0xED: return isTail(1, 0x80...0x9F) && isTail(2) ? 3 : 0
        case 0xF0: return isTail(1, 0x90...0xBF) && isTail(2) && isTail(3) ? 4 : 0
        case 0xF1...0xF3: return isTail(1) && isTail(2) && isTail(3) ? 4 : 0
        case 0xF4: return isTail(1, 0x80...0x8F) && isTail(2) && isTail(3) ? 4 : 0
        default: return 0
        }
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 0x57
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 0x37
        default: nil
        }
    }

    /// The quote that ends the string whose content begins at `start`; the end of the bytes if there is none.
    static func endOfString(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(position, bytes.count)
    }

    /// The text of a string whose escapes have been checked.
    static func unescaped(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { output in
            var read = 0
            var written = 0
            while read < bytes.count {
                if bytes[read] == UInt8(ascii: "\\") {
                    for unit in UTF8.encode(escapedScalar(in: bytes, at: &read)) ?? UTF8.encodedReplacementCharacter {
                        output[written] = unit
                        written += 1
                    }
                } else {
                    output[written] = bytes[read]
                    written += 1
                    read += 1
                }
            }
            return written
        }
    }

    private static func escapedScalar(in bytes: UnsafeRawBufferPointer, at read: inout Int) -> Unicode.Scalar {
        let letter = read + 1 < bytes.count ? bytes[read + 1] : 0
        guard letter == UInt8(ascii: "u") else {
            read += 2
            return Unicode.Scalar(character(escapedBy: letter))
        }
        let high = codeUnit(in: bytes, at: read + 2)
        read += 6
        guard high & 0xFC00 == 0xD800 else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        let low = codeUnit(in: bytes, at: read + 2)
        read += 6
        return Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + low & 0x3FF) ?? "\u{FFFD}"
    }

    private static func character(escapedBy letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// The value of the four hexadecimal digits at `start`.
    static func codeUnit(in bytes: UnsafeRawBufferPointer, at start: Int) -> UInt32 {
        guard start + 4 <= bytes.count else { return 0xFFFD }
        return (start..<start + 4).reduce(0) { $0 << 4 | UInt32(hexDigit(bytes[$1]) ?? 0) }
    }

    /// How many of the four bytes at `start` are hexadecimal digits, up to the first that is not.
    static func hexDigits(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let end = min(start + 4, bytes.count)
        return ((start..<end).first { hexDigit(bytes[$0]) == nil } ?? end) - start
    }
}
