#if HTTP
/// The answers that the server gives without asking the handler.
extension HTTPResponse {
    static func bodyTooLarge(limit: Int, found: String) -> HTTPResponse {
        error(
            .contentTooLarge, code: "body_too_large", message: "expected at most \(limit) bytes, found \(found)"
        ).closingConnection()
    }

    static func undecodableTarget(_ reason: HTTPTargetError) -> HTTPResponse {
        error(.badRequest, code: "undecodable_target", message: reason.description).closingConnection()
    }

    static func ambiguousLength() -> HTTPResponse {
        error(
            .badRequest, code: "ambiguous_length",
            message: "expected one \"Content-Length\" or one \"Transfer-Encoding: chunked\", found something else"
        ).closingConnection()
    }

    static func overloaded(limit: Int) -> HTTPResponse {
        var response = error(
            .serviceUnavailable, code: "overloaded",
            message: "expected at most \(limit) requests in flight, found more")
        response.headers["Retry-After"] = "1"
        return response
    }

    static func stopping() -> HTTPResponse {
        var response = error(
            .serviceUnavailable, code: "stopping", message: "expected a running server, found one that is stopping")
        response.headers["Retry-After"] = "1"
        return response.closingConnection()
    }

    static func unsendable() -> HTTPResponse {
        error(
            .internalServerError, code: "unsendable_response", message: "expected a valid status and valid headers")
    }

    private func closingConnection() -> HTTPResponse {
        var response = self
        response.headers["Connection"] = "close"
        return response
    }
}
#endif
