/// JSON as it was written: numbers keep their digits and objects the order of their members.
indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The literal, such as `1.50` or `9223372036854775808`.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Hashable, Sendable {
        let name: String
        let value: JSONValue
    }

    /// The value as an error message shows what was found: short, on one line.
    var excerpt: String {
        switch self {
        case .null: "null"
        case .bool(let bool): String(bool)
        case .number(let digits): digits.count > 40 ? digits.prefix(40) + "…" : digits
        case .string(let text): text.excerpt
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension String {
    /// In quotes, at most 40 characters, with a control character shown as its code.
    var excerpt: String {
        let shown = unicodeScalars.prefix(40).map { scalar in
            scalar.properties.generalCategory == .control
                ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
        }
        return "\"" + shown.joined() + (unicodeScalars.count > 40 ? "…" : "") + "\""
    }

    /// With every run of blanks and newlines as one space; libpq's messages have lines and tabs.
    var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
