public import MartletJSON

/// One way in which events that are stored differ from today's; see ``EventHistory``.
public struct EventChange: Sendable {
    enum Kind: Sendable {
        case upcast(Upcaster)
        case renamed(to: String)
        case retired
    }

    let name: String
    let kind: Kind

    /// Events of this name and version become the next version: `change` turns the payload, as it was stored, into what
    /// the next version would have stored.
    ///
    /// The last upcaster of a name leads to what today's case encodes, and its version plus one is stored with new
    /// events. `change` is a pure function of the payload: it is run whenever such an event is read.
    /// - Parameters:
    ///   - name: the event's wire name at that version, without its category: `placed`.
    ///   - version: from 1; a name's upcasters start from 1, 2, 3 … without a gap.
    ///   - change: may throw for a payload that it does not understand; the event is then undecodable, with this error.
    public static func upcast(
        _ name: String, from version: Int, _ change: @escaping @Sendable (inout JSONValue) throws -> Void
    ) -> EventChange {
        EventChange(name: name, kind: .upcast(Upcaster(name: name, version: version, change: change)))
    }

    /// Events that were stored under the old name read as those of another.
    ///
    /// The versions of the new name begin where those of the old one end: upcasters of the old name lead to version 1
    /// of the new one, and those of the new name go on from there.
    public static func renamed(_ oldName: String, to name: String) -> EventChange {
        EventChange(name: oldName, kind: .renamed(to: name))
    }

    /// Events of this name, of whatever version, read as nothing: aggregates and projections never see them, though
    /// they keep their places in the stream and in the log. The name is never to be used again.
    public static func retired(_ name: String) -> EventChange {
        EventChange(name: name, kind: .retired)
    }
}

/// Turns the payload of one version of an event into that of the next.
package struct Upcaster: Sendable {
    package let name: String
    package let version: Int
    package let change: @Sendable (inout JSONValue) throws -> Void
}
