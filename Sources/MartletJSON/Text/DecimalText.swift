import FoundationEssentials

/// `Decimal`s from and to JSON numbers, without rounding.
enum DecimalText {
    /// The number written as `text`; nil when it has more than 38 significant digits or an exponent that does not fit.
    static func decimal(_ text: UnsafeRawBufferPointer) -> Decimal? {
        let number = DecimalNumber(text)
        guard let digits = number.digits, digits < limit, (-127...127).contains(number.exponent) else { return nil }
        let low = UInt64(truncatingIfNeeded: digits % half)
        let high = UInt64(truncatingIfNeeded: digits / half)
        let significand = Decimal(high) * Decimal(sign: .plus, exponent: 19, significand: 1) + Decimal(low)
        return Decimal(sign: number.isNegative ? .minus : .plus, exponent: number.exponent, significand: significand)
    }

    /// 10^38: what has 38 digits is always exact.
    private static let limit: UInt128 = 100_000_000_000_000_000_000_000_000_000_000_000_000
    /// 10^19, which splits 38 digits into two halves of 64 bits.
    private static let half: UInt128 = 10_000_000_000_000_000_000
}
