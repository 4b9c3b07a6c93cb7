#if HTTP
/// Picks a handler by method and path.
///
/// ```swift
/// var router = Router()
/// router.on(.get, "/orders/{id}") { request, parameters in .text(parameters["id"]) }
/// ```
///
/// A literal segment wins over a parameter, the leftmost difference first, whatever the order of registration. HEAD
/// is answered by the GET handler unless it has one of its own. An unknown path gets 404, and a known path with
/// another method gets 405 with `Allow`, both in the form of ``HTTPResponse/error(_:code:message:field:)``.
public struct Router: Sendable {
    public typealias Handler = @Sendable (HTTPRequest, RouteParameters) async -> HTTPResponse

    private struct Route {
        let pattern: RoutePattern
        var handlers: [HTTPMethod: Handler] = [:]

        func handler(for method: HTTPMethod) -> Handler? {
            handlers[method] ?? (method == .head ? handlers[.get] : nil)
        }
    }

    /// The most specific first.
    private var routes: [Route] = []

    public init() {}

    /// Registers the handler of a method and a pattern such as `/orders/{id}`.
    ///
    /// A parameter takes one whole, non-empty segment. A malformed pattern, a second handler for the same method
    /// and pattern, or a pattern that differs from an earlier one in its parameters' names only, is a programmer's
    /// error.
    public mutating func on(_ method: HTTPMethod, _ pattern: String, handler: @escaping Handler) {
        let index = index(of: RoutePattern(pattern))
        precondition(routes[index].handlers[method] == nil, "route \"\(method) \(pattern)\" is registered twice")
        routes[index].handlers[method] = handler
    }

    /// Answers the request, with the registered handler or a refusal.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        let candidates = routes.filter { $0.pattern.matches(request.path) }
        for route in candidates {
            guard let handler = route.handler(for: request.method) else { continue }
            return await handler(request, route.pattern.parameters(in: request.path))
        }
        let methods = Set(candidates.flatMap(\.handlers.keys))
        return methods.isEmpty ? notFound(request) : methodNotAllowed(request, allowed: methods)
    }

    private mutating func index(of pattern: RoutePattern) -> Int {
        if let known = routes.firstIndex(where: { $0.pattern.hasSameShape(as: pattern) }) {
            let text = routes[known].pattern.text
            precondition(text == pattern.text, "route \"\(pattern.text)\" is registered as \"\(text)\" already")
            return known
        }
        let index = routes.firstIndex { pattern.isMoreSpecific(than: $0.pattern) } ?? routes.endIndex
        routes.insert(Route(pattern: pattern), at: index)
        return index
    }

    private func notFound(_ request: HTTPRequest) -> HTTPResponse {
        .error(.notFound, code: "not_found", message: "no route for \"\(request.rawPath)\"")
    }

    private func methodNotAllowed(_ request: HTTPRequest, allowed: Set<HTTPMethod>) -> HTTPResponse {
        let methods = allowed.contains(.get) ? allowed.union([.head]) : allowed
        let list = methods.map(\.rawValue).sorted().joined(separator: ", ")
        var response = HTTPResponse.error(
            .methodNotAllowed, code: "method_not_allowed",
            message: "path \"\(request.rawPath)\": expected \(list), found \(request.method)")
        response.headers["Allow"] = list
        return response
    }
}
#endif
