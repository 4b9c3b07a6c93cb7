/// What orders events that belong together: those of one key are projected one after the other by the same worker, and
/// wait behind one that was parked.
public struct EventKey<Input>: Sendable {
    /// Nil: the event's stream.
    package let text: (@Sendable (Input) -> String)?

    /// The event's stream.
    public static var stream: EventKey { EventKey(text: nil) }

    /// Something of the event itself, such as a customer whose orders are counted together.
    public static func of(_ text: @escaping @Sendable (Input) -> String) -> EventKey { EventKey(text: text) }
}

extension String {
    /// As it can be written down among the parked: without the NUL that PostgreSQL's texts cannot hold, and short enough
    /// for an index. What was changed has its hash behind it, so that no two keys become one.
    package var asEventKey: String {
        guard utf8.count > 500 || utf8.contains(0) else { return self }
        let start = String(decoding: utf8.prefix(400), as: UTF8.self)
        return "\(start.split(separator: "\0").joined(separator: " "))…\(String(stableHash, radix: 16))"
    }
}
