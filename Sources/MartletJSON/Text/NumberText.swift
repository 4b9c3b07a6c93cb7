/// Numbers from the text of a JSON number whose grammar has been checked. Nothing is rounded but to `Double`.
enum NumberText {
    /// An integer of at most 18 digits, which cannot overflow; nil for a longer one.
    @inline(__always)
    static func shortInteger(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count <= 18 else { return nil }
        let isNegative = text[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        for index in (isNegative ? 1 : 0)..<text.count {
            value = value &* 10 &+ Int64(text[index] &- 0x30)
        }
        return isNegative ? -value : value
    }

    /// The exact value of any number, `1.0` and `1e2` included; nil when it has a fraction or does not fit.
    static func integer<T: FixedWidthInteger>(_ text: UnsafeRawBufferPointer, as type: T.Type) -> T? {
        let number = DecimalNumber(text)
        guard var magnitude = number.digits else { return nil }
        guard magnitude != 0 else { return 0 }
        guard (0...38).contains(number.exponent) else { return nil }
        for _ in 0..<number.exponent {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            magnitude = product
        }
        guard number.isNegative else { return T(exactly: magnitude) }
        guard magnitude <= UInt128(1) << 127 else { return nil }
        return T(exactly: Int128(truncatingIfNeeded: 0 &- magnitude))
    }

    static func isZero(_ text: UnsafeRawBufferPointer) -> Bool { DecimalNumber(text).digits == 0 }

    /// The nearest `Double`, when both the digits and the power of ten are exact `Double`s, so that one operation
    /// rounds once (Clinger, "How to read floating point numbers accurately", 1990); nil otherwise.
    static func shortDouble(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= 24 else { return nil }
        let number = DecimalNumber(text)
        guard let digits = number.digits, digits <= 1 << 53, abs(number.exponent) < powersOfTen.count else {
            return nil
        }
        let magnitude = Double(UInt64(truncatingIfNeeded: digits))
        let power = powersOfTen[abs(number.exponent)]
        let value = number.exponent < 0 ? magnitude / power : magnitude * power
        return number.isNegative ? -value : value
    }

    /// A finite number in the fewest digits that read back the same, whole numbers without a point.
    static func shortest<T: BinaryFloatingPoint & LosslessStringConvertible>(_ value: T) -> String {
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]
}

/// A JSON number taken apart: its significant digits times a power of ten.
struct DecimalNumber {
    private(set) var isNegative = false
    /// Without zeros at either end; nil beyond 128 bits.
    private(set) var digits: UInt128? = 0
    private(set) var exponent = 0
    /// Zeros seen since the last other digit, not yet in `digits`.
    private var zeros = 0

    init(_ text: UnsafeRawBufferPointer) {
        var isFraction = false
        var position = 0
        scan: while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                append(byte &- 0x30)
                if isFraction { exponent -= 1 }
            default: break scan
            }
        }
        exponent += zeros + Self.exponent(in: text, from: position)
        if digits == 0 { exponent = 0 }
    }

    @inline(__always)
    private mutating func append(_ digit: UInt8) {
        guard digit != 0 else {
            zeros += 1
            return
        }
        for _ in 0..<min(zeros, 40) { shift(adding: 0) }
        zeros = 0
        shift(adding: digit)
    }

    @inline(__always)
    private mutating func shift(adding digit: UInt8) {
        guard let digits else { return }
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt128(digit))
        self.digits = overflow || carry ? nil : sum
    }

    /// The number after the `e`, held within what no digits can make up for.
    private static func exponent(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var value = 0
        var isNegative = false
        for position in start..<text.count {
            let byte = text[position]
            if byte == UInt8(ascii: "-") { isNegative = true }
            if byte &- 0x30 < 10 { value = min(value * 10 + Int(byte &- 0x30), 1 << 40) }
        }
        return isNegative ? -value : value
    }
}
