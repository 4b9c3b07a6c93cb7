#if HTTP
extension HTTPResponse {
    /// Whether the status and every header can be sent without meaning something else on the wire.
    var isWellFormed: Bool {
        (200...999).contains(status.rawValue) && headers.fields.allSatisfy(\.isWellFormed)
    }
}

extension HTTPField {
    /// Whether the field says where the body ends, which only the server decides.
    var framesBody: Bool {
        name.equalsIgnoringCase("Content-Length") || name.equalsIgnoringCase("Transfer-Encoding")
    }

    /// Stricter than RFC 9110 section 5.5 on values: libmicrohttpd takes neither empty ones nor tabs.
    fileprivate var isWellFormed: Bool {
        !name.isEmpty && name.utf8.allSatisfy(\.isTokenCharacter)
            && !value.isEmpty && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}

extension UInt8 {
    /// RFC 9110 section 5.6.2.
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
#endif
