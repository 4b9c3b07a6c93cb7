import FoundationEssentials

/// UUIDs as `69FC112D-7790-48FB-AA1F-9A6945E98915`, read in either case and written in capitals as Foundation does.
enum UUIDText {
    static let length = 36

    /// The UUID written as `text`, or nil.
    static func uuid(_ text: UnsafeRawBufferPointer) -> UUID? {
        guard text.count == length else { return nil }
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        var wrong: UInt8 = 0
        withUnsafeMutableBytes(of: &uuid) { bytes in
            var position = 0
            for index in 0..<16 {
                if followsDash(index) {
                    wrong |= text[position] ^ UInt8(ascii: "-")
                    position += 1
                }
                let (high, low) = (value(text[position]), value(text[position + 1]))
                wrong |= (high | low) & 0xF0
                bytes[index] = high << 4 | low
                position += 2
            }
        }
        return wrong == 0 ? UUID(uuid: uuid) : nil
    }

    /// The value of a hexadecimal digit; above 15 for any other byte.
    @inline(__always)
    private static func value(_ byte: UInt8) -> UInt8 {
        let digit = byte &- 0x30
        let letter = (byte | 0x20) &- 0x61
        return digit < 10 ? digit : letter < 6 ? letter + 10 : 0xFF
    }

    /// Writes the `length` characters of `uuid`.
    static func write(_ uuid: UUID, to output: UnsafeMutablePointer<UInt8>) {
        withUnsafeBytes(of: uuid.uuid) { bytes in
            var position = 0
            for index in 0..<16 {
                if followsDash(index) {
                    output[position] = UInt8(ascii: "-")
                    position += 1
                }
                output[position] = digit(bytes[index] >> 4)
                output[position + 1] = digit(bytes[index] & 0x0F)
                position += 2
            }
        }
    }

    @inline(__always)
    private static func followsDash(_ index: Int) -> Bool { index == 4 || index == 6 || index == 8 || index == 10 }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? 0x30 : 0x37) }
}
