import MartletJSON

extension JSONValue {
    /// The same value whatever the order of members, which in JSON says nothing.
    var canonical: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { .init(key: $0.key, value: $0.value.canonical) }.sorted { $0.key < $1.key }))
        default: self
        }
    }

    /// On one line.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// For people who read changes of golden files: one member or element a line.
    func pretty(indent: String = "") -> String {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            Self.lines(elements.map { $0.pretty(indent: indent + "  ") }, between: "[", "]", indent)
        case .object(let object) where !object.members.isEmpty:
            Self.lines(
                object.members.map { JSONValue.string($0.key).text + ": " + $0.value.pretty(indent: indent + "  ") },
                between: "{", "}", indent)
        default: text
        }
    }

    private static func lines(_ items: [String], between open: String, _ close: String, _ indent: String) -> String {
        open + "\n" + items.map { indent + "  " + $0 }.joined(separator: ",\n") + "\n" + indent + close
    }
}
