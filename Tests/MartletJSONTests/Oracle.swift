import Foundation

/// Foundation's answer to what this module is asked.
enum Oracle {
    static func value(_ bytes: [UInt8]) -> AnyJSON? { try? JSONDecoder().decode(AnyJSON.self, from: Data(bytes)) }

    /// Where Foundation reads what RFC 8259 forbids, or more than UTF-8: a comma before a closing bracket, a byte order
    /// mark, UTF-16 and UTF-32 told by zeros among the first four bytes, integers from numbers too small for a
    /// `Double`, and strings of any bytes in values that nobody asks for, such as those of a repeated key; its other
    /// parser reads all of them.
    static func isKnownToBeLenient(_ bytes: [UInt8]) -> Bool {
        if bytes.prefix(4).contains(where: { $0 == 0 || $0 >= 0xEF }) { return true }
        guard let text = String(validating: bytes, as: UTF8.self),
            (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
        else { return true }
        return text.contains(/,[ \t\r\n]*[\]}]/) || text.contains(/[eE]-[0-9]{3}/)
    }

    /// Where Foundation may take a number of more than 15 digits with a point or an exponent for a whole one near it.
    static func isKnownToBeInexact(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).matches(of: /[0-9]+[.eE][-+0-9.eE]*/).contains { $0.output.count > 15 }
    }
}
