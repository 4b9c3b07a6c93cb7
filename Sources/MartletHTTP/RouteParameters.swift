#if HTTP
/// What stands in the path at the places that the route's pattern names.
public struct RouteParameters: Hashable, Sendable {
    private let pattern: String
    private let values: [String: String]

    init(pattern: String, values: [String: String]) {
        self.pattern = pattern
        self.values = values
    }

    /// The decoded, non-empty segment at that place. A name that the pattern does not hold is a programmer's error.
    public subscript(name: String) -> String {
        guard let value = values[name] else {
            preconditionFailure("route \"\(pattern)\": expected a parameter of the pattern, found \"\(name)\"")
        }
        return value
    }
}
#endif
