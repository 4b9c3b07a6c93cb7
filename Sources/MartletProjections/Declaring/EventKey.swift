/// What orders events that belong together: those of one key are projected one after the other by the same worker, and
/// wait behind one that was parked.
public struct EventKey<Input>: Sendable {
    /// Nil: the event's stream.
    let text: (@Sendable (Input) -> String)?

    /// The event's stream.
    public static var stream: EventKey { EventKey(text: nil) }

    /// Something of the event itself, such as a customer whose orders are counted together.
    public static func of(_ text: @escaping @Sendable (Input) -> String) -> EventKey { EventKey(text: text) }
}
