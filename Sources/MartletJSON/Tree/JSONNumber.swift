/// A JSON number as its text, which may have more digits than any type of Swift: `0.1`, `1e400` and `1.00` stay so.
///
/// Two numbers are equal when their texts are: `1` and `1.0` are not.
public struct JSONNumber: Hashable, Sendable {
    /// The number as JSON has it.
    public let text: String

    /// A number as it is written in JSON; nil when `text` is no such number (`+1`, `.5`, `NaN`, ` 1`).
    public init?(_ text: String) {
        let isNumber = Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = PayloadScanner(bytes, maximumDepth: 0)
            guard (try? scanner.scan()) != nil else { return false }
            let token = scanner.finished()[0]
            return (token.kind == .integer || token.kind == .decimal) && Int(token.end &- token.start) == bytes.count
        }
        guard isNumber else { return nil }
        self.text = text
    }

    /// An integer of any width.
    public init<T: BinaryInteger>(_ value: T) { text = value.description }

    /// A number in the fewest digits that read back the same, as `PayloadEncoder` writes it; nil when it is not finite.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = NumberText.shortest(value)
    }

    /// A text that a scanner has found to be a number.
    init(checked text: String) { self.text = text }

    /// The exact value, `1.0` and `1e2` included; nil when the number has a fraction or does not fit.
    public func integer<T: FixedWidthInteger>(_ type: T.Type = Int.self) -> T? {
        Array(text.utf8).withUnsafeBytes { NumberText.integer($0, as: type) }
    }

    /// The nearest `Double`; nil when that would be infinite.
    public var double: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }
}

extension JSONNumber: CustomStringConvertible {
    public var description: String { text }
}
