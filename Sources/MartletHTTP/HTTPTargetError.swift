#if HTTP
/// Why a request's target could not be read; the server answers 400 with code `undecodable_target`.
public enum HTTPTargetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A `%` without two hexadecimal digits after it.
    case malformedPercentEncoding
    /// The decoded bytes are not UTF-8.
    case invalidUTF8
    /// A NUL byte, sent as such or as `%00`.
    case containsNUL
    /// Neither a path that starts with a slash nor `http://…`.
    case unsupportedForm

    public var description: String {
        switch self {
        case .malformedPercentEncoding: "request target: expected two hexadecimal digits after \"%\""
        case .invalidUTF8: "request target: expected UTF-8, found other bytes"
        case .containsNUL: "request target: expected text, found a NUL byte"
        case .unsupportedForm: "request target: expected a path that starts with \"/\""
        }
    }
}
#endif
