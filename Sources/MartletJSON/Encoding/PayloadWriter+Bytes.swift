extension PayloadWriter {
    @inline(__always)
    func write(_ value: Bool) { writeNumber(value ? "true" : "false") }

    func writeNull() { writeNumber("null") }

    /// Writes text that needs neither quotes nor escapes.
    @inline(__always)
    func writeNumber(_ text: String) {
        var text = text
        text.withUTF8(append)
    }

    @inline(__always)
    private func append(_ text: UnsafeBufferPointer<UInt8>) {
        guard let source = text.baseAddress else { return }
        bytes.reserve(text.count).update(from: source, count: text.count)
        bytes.advance(by: text.count)
    }

    /// Writes an integer of any width.
    @inline(__always)
    func write<T: FixedWidthInteger>(_ value: T) {
        guard T.bitWidth <= 64 else { return writeNumber(String(value)) }
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        writeDigits(UInt64(truncatingIfNeeded: value.magnitude))
    }

    private func writeDigits(_ value: UInt64) {
        var length = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        let output = bytes.reserve(length)
        rest = value
        for index in stride(from: length - 1, through: 0, by: -1) {
            output[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        bytes.advance(by: length)
    }

    /// Writes a finite number in the fewest digits that read back the same; whole numbers without a point.
    func write(_ value: Double) {
        if value == value.rounded(.towardZero), abs(value) < 1e15, !(value == 0 && value.sign == .minus) {
            return write(Int(value))
        }
        writeNumber(NumberText.shortest(value))
    }

    /// As for `Double`, in the fewest digits of a `Float`.
    func write(_ value: Float) { writeNumber(NumberText.shortest(value)) }

    /// Writes a string with its quotes.
    @inline(__always)
    func write(_ text: String) {
        var text = text
        text.withUTF8(writeString)
    }

    func writeString(_ text: UnsafeBufferPointer<UInt8>) {
        let raw = UnsafeRawBufferPointer(text)
        let special = StringBytes.firstToEscape(in: raw, from: 0)
        let output = openString(text.count)
        if let source = text.baseAddress { output.update(from: source, count: special) }
        guard special < text.count else { return closeString(text.count) }
        bytes.advance(by: special + 1)
        writeEscaped(raw, from: special)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes the rest of a string from a byte on that needs an escape.
    private func writeEscaped(_ text: UnsafeRawBufferPointer, from start: Int) {
        var position = start
        while position < text.count {
            escape(text[position])
            let begin = position + 1
            position = StringBytes.firstToEscape(in: text, from: begin)
            append(UnsafeRawBufferPointer(rebasing: text[begin..<position]).assumingMemoryBound(to: UInt8.self))
        }
    }

    private func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            writeNumber(byte < 0x10 ? "u000" : "u001")
            bytes.append(byte & 0x0F < 10 ? 0x30 + byte & 0x0F : 0x57 + byte & 0x0F)
        }
    }

    /// Begins a string of `length` bytes, to be written at the pointer returned; `closeString` ends it.
    @inline(__always)
    func openString(_ length: Int) -> UnsafeMutablePointer<UInt8> {
        let output = bytes.reserve(length + 2)
        output[0] = UInt8(ascii: "\"")
        return output + 1
    }

    @inline(__always)
    func closeString(_ length: Int) {
        bytes.advance(by: length + 1)
        bytes.append(UInt8(ascii: "\""))
    }
}
