#if HTTP
/// A request as a handler sees it: complete, decoded and within the server's limits.
public struct HTTPRequest: Hashable, Sendable {
    public var method: HTTPMethod
    /// The path as it was sent, still percent-encoded, without host and query.
    public let rawPath: String
    /// The percent-decoded segments: `/orders/a%2Fb` is `["orders", "a/b"]`, `/` is `[]`, `/orders/` ends in `""`.
    ///
    /// Valid UTF-8 without NUL. A segment may be `..` or hold a slash: never use it as a file's name unchecked.
    public let path: [String]
    /// The fields after the `?`, percent-decoded, with `+` read as a space.
    public let query: HTTPQuery
    public var headers: HTTPHeaders
    /// The whole body, without transfer coding; empty if there was none.
    public var body: [UInt8]

    /// A request for a target such as `/orders/7?full=yes`, as a test of a router needs it.
    ///
    /// - Throws: ``HTTPTargetError`` if the server would refuse the target.
    public init(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) throws(HTTPTargetError) {
        let target = try RequestTarget(parsing: Array(target.utf8))
        self.init(method: method, target: target, headers: headers, body: body)
    }

    init(method: HTTPMethod, target: RequestTarget, headers: HTTPHeaders, body: [UInt8]) {
        self.method = method
        rawPath = target.rawPath
        path = target.path
        query = target.query
        self.headers = headers
        self.body = body
    }
}
#endif
