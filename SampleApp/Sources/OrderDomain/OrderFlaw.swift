/// A rule of the shop that some content breaks.
public struct OrderFlaw: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of what is at fault, such as `lines[1].quantity`.
    public let field: String
    /// What was expected and what was found.
    public let problem: String

    public init(field: String, problem: String) {
        self.field = field
        self.problem = problem
    }

    public var description: String { "\(field): \(problem)" }

    /// The same flaw as seen from the object that holds the one at fault.
    public func within(_ path: String) -> OrderFlaw {
        OrderFlaw(field: "\(path).\(field)", problem: problem)
    }

    static func outOfRange(field: String, _ range: ClosedRange<Int>, found: Int) -> OrderFlaw {
        OrderFlaw(field: field, problem: "expected \(range.lowerBound) to \(range.upperBound), found \(found)")
    }
}

/// The rule that every text of an order keeps: something to read, on one line, of a sane length.
public enum OrderText {
    /// In Unicode scalars.
    public static let longest = 200

    /// - Throws: ``OrderFlaw`` when the text is empty or blank, too long, or has control characters.
    public static func checked(_ text: String, field: String) throws(OrderFlaw) -> String {
        let scalars = text.unicodeScalars
        guard scalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw OrderFlaw(field: field, problem: "expected text, found \(text.isEmpty ? "none" : "blanks only")")
        }
        guard scalars.count <= longest else {
            throw OrderFlaw(
                field: field, problem: "expected at most \(longest) characters, found \(scalars.count)")
        }
        if let control = scalars.first(where: \.isControl) {
            let code = String(control.value, radix: 16, uppercase: true)
            throw OrderFlaw(
                field: field,
                problem:
                    "expected no control character, found U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)"
            )
        }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
