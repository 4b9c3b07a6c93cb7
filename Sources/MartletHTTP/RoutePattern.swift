#if HTTP
/// A path with named places, such as `/orders/{id}`.
struct RoutePattern: Sendable {
    private enum Segment: Hashable {
        case literal(String)
        case parameter(String)

        var isParameter: Bool {
            if case .parameter = self { true } else { false }
        }
    }

    let text: String
    private let segments: [Segment]

    init(_ text: String) {
        precondition(text.hasPrefix("/"), "route \"\(text)\": expected a leading \"/\"")
        self.text = text
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        segments = text == "/" ? [] : parts.map { Self.segment($0, of: text) }
        let names = segments.filter(\.isParameter)
        precondition(Set(names).count == names.count, "route \"\(text)\": expected each parameter once")
    }

    private static func segment(_ part: Substring, of text: String) -> Segment {
        let isParameter = part.hasPrefix("{") && part.hasSuffix("}") && part.count > 2
        let name = isParameter ? part.dropFirst().dropLast() : part
        precondition(
            !name.contains { "{}%".contains($0) },
            "route \"\(text)\": expected \"{name}\" or a decoded literal, found \"\(part)\"")
        return isParameter ? .parameter(String(name)) : .literal(String(name))
    }

    func matches(_ path: [String]) -> Bool {
        guard path.count == segments.count else { return false }
        return zip(segments, path).allSatisfy { segment, found in
            switch segment {
            case .literal(let expected): found == expected
            case .parameter: !found.isEmpty
            }
        }
    }

    /// Only of a path that matches.
    func parameters(in path: [String]) -> RouteParameters {
        var values: [String: String] = [:]
        for case (.parameter(let name), let value) in zip(segments, path) { values[name] = value }
        return RouteParameters(pattern: text, values: values)
    }

    func hasSameShape(as other: RoutePattern) -> Bool {
        segments.count == other.segments.count
            && zip(segments, other.segments).allSatisfy { $0 == $1 || $0.isParameter && $1.isParameter }
    }

    func isMoreSpecific(than other: RoutePattern) -> Bool {
        segments.lazy.map(\.isParameter).lexicographicallyPrecedes(other.segments.lazy.map(\.isParameter)) {
            !$0 && $1
        }
    }
}
#endif
