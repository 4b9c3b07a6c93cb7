#if HTTP
/// A request's target, split before it is decoded (RFC 9112 section 3.2, RFC 3986 section 2.4).
struct RequestTarget {
    let rawPath: String
    let path: [String]
    let query: HTTPQuery

    init(parsing bytes: [UInt8]) throws(HTTPTargetError) {
        let target = try Self.withoutAuthority(bytes[...])
        let questionMark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let path = target[..<questionMark]
        rawPath = String(decoding: path, as: UTF8.self)
        self.path = try Self.segments(of: path)
        query = HTTPQuery(try Self.fields(of: target[questionMark...].dropFirst()))
    }

    /// What follows the host of an absolute target, which RFC 9112 section 3.2.2 makes every server accept.
    private static func withoutAuthority(_ target: ArraySlice<UInt8>) throws(HTTPTargetError) -> ArraySlice<UInt8> {
        if target.first == UInt8(ascii: "/") { return target }
        for scheme in ["http://", "https://"] where target.count > scheme.utf8.count {
            guard String(decoding: target.prefix(scheme.utf8.count), as: UTF8.self).equalsIgnoringCase(scheme)
            else {
                continue
            }
            let rest = target.dropFirst(scheme.utf8.count).drop { !"/?".utf8.contains($0) }
            return rest.first == UInt8(ascii: "/") ? rest : "/".utf8 + rest
        }
        throw .unsupportedForm
    }

    private static func segments(of path: ArraySlice<UInt8>) throws(HTTPTargetError) -> [String] {
        let relative = path.first == UInt8(ascii: "/") ? path.dropFirst() : path
        if relative.isEmpty { return [] }
        var segments: [String] = []
        for segment in relative.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            segments.append(try decode(segment))
        }
        return segments
    }

    private static func fields(of query: ArraySlice<UInt8>) throws(HTTPTargetError) -> [HTTPField] {
        var fields: [HTTPField] = []
        for field in query.split(separator: UInt8(ascii: "&")) {
            let equals = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
            let name = try decodeForm(field[..<equals])
            fields.append(HTTPField(name: name, value: try decodeForm(field[equals...].dropFirst())))
        }
        return fields
    }

    /// A `+` stands for a space in a query (application/x-www-form-urlencoded), though not in a path.
    private static func decodeForm(_ bytes: ArraySlice<UInt8>) throws(HTTPTargetError) -> String {
        let spaced = bytes.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return try decode(spaced[...])
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws(HTTPTargetError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            decoded.append(byte == UInt8(ascii: "%") ? try octet(from: &rest) : byte)
        }
        if decoded.contains(0) { throw .containsNUL }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .invalidUTF8 }
        return text
    }

    private static func octet(from rest: inout ArraySlice<UInt8>) throws(HTTPTargetError) -> UInt8 {
        guard let high = rest.popFirst()?.hexadecimalDigit, let low = rest.popFirst()?.hexadecimalDigit else {
            throw .malformedPercentEncoding
        }
        return high << 4 | low
    }
}

extension UInt8 {
    fileprivate var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
#endif
