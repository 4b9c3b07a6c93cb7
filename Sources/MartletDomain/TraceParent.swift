/// A trace that spans services, as the header of W3C Trace Context (level 1, section 3.2) carries it:
/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
public struct TraceParent: Hashable, Sendable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits, not all zero.
    public let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero: the caller's span.
    public let parentID: String
    public let isSampled: Bool

    /// Nil unless the text is a valid header; of a later version than 00, the known fields are taken.
    public init?(_ text: String) {
        let fields = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0].count == 2, fields[0].isLowerHex, !fields[0].elementsEqual("ff".utf8),
            fields.count == 4 || !fields[0].elementsEqual("00".utf8),
            fields[1].count == 32, fields[1].isLowerHex, fields[1].contains(where: { $0 != UInt8(ascii: "0") }),
            fields[2].count == 16, fields[2].isLowerHex, fields[2].contains(where: { $0 != UInt8(ascii: "0") }),
            fields[3].count == 2, fields[3].isLowerHex, let flags = UInt8(String(fields[3]) ?? "", radix: 16)
        else { return nil }
        traceID = String(fields[1]) ?? ""
        parentID = String(fields[2]) ?? ""
        isSampled = flags & 1 == 1
    }

    public var description: String { "00-\(traceID)-\(parentID)-\(isSampled ? "01" : "00")" }
}

extension Collection<UInt8> {
    fileprivate var isLowerHex: Bool {
        allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
    }
}
