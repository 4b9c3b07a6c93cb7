#if HTTP
/// What a handler answers; sent whole, with `Content-Length` and `Date` added by the server.
///
/// The server decides about `Content-Length` and `Transfer-Encoding` itself and leaves out such fields. For HEAD,
/// 204 and 304 it sends no body. A status outside of 200 to 999, a header name that is not a token (RFC 9110
/// section 5.6.2) or a header value that is empty or holds a control character becomes a 500, so that no value
/// splits a response.
public struct HTTPResponse: Hashable, Sendable {
    public var status: HTTPStatus
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: HTTPStatus = .ok, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response whose body is JSON already.
    public static func json(_ body: [UInt8], status: HTTPStatus = .ok) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: body)
    }

    /// A response of plain text in UTF-8.
    public static func text(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// A refusal in the form that the server itself uses: `{"error":{"code":"…","message":"…","field":null}}`.
    ///
    /// - Parameters:
    ///   - code: what programs switch over, in snake case.
    ///   - message: what people read.
    ///   - field: the place in the request's body that is at fault, if it is one place.
    public static func error(
        _ status: HTTPStatus, code: String, message: String, field: String? = nil
    ) -> HTTPResponse {
        let field = field?.jsonQuoted ?? "null"
        let error = "{\"code\":\(code.jsonQuoted),\"message\":\(message.jsonQuoted),\"field\":\(field)}"
        return .json(Array("{\"error\":\(error)}".utf8), status: status)
    }
}

extension String {
    /// The string as JSON has it (RFC 8259 section 7).
    fileprivate var jsonQuoted: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\0"..<" ": quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
#endif
