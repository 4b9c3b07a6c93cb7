package import FoundationEssentials

/// What travels beside an event's payload: free keys and values, stored as a JSON object and searchable in SQL
/// (`metadata->>'actor'`).
///
/// Some keys have a meaning of their own, from who asked to what caused what; see the properties.
public struct Metadata: Hashable, Sendable {
    public static let none = Metadata()

    /// What every append of this task and its children carries, below what the append says itself.
    ///
    /// ```swift
    /// try await Metadata.$ambient.withValue(["actor": user]) { try await shop.execute(.cancel, on: order) }
    /// ```
    @TaskLocal public static var ambient = Metadata.none

    public var values: [String: String]

    public init(_ values: [String: String] = [:]) {
        self.values = values
    }

    public subscript(key: String) -> String? {
        get { values[key] }
        set { values[key] = newValue }
    }

    /// This metadata, completed by what another has and this one does not.
    public func merging(_ other: Metadata) -> Metadata {
        other.values.isEmpty ? self : Metadata(values.merging(other.values) { own, _ in own })
    }
}

extension Metadata {
    /// What everything that one request led to has in common: the id of the first command or event.
    public var correlationID: String? {
        get { self["correlation"] }
        set { self["correlation"] = newValue }
    }

    /// The id of the command or event that led to this one directly.
    public var causationID: String? {
        get { self["causation"] }
        set { self["causation"] = newValue }
    }

    /// Who asked for it.
    public var actor: String? {
        get { self["actor"] }
        set { self["actor"] = newValue }
    }

    /// The trace that it belongs to, as in the HTTP header `traceparent`.
    public var traceparent: TraceParent? {
        get { self["traceparent"].flatMap(TraceParent.init) }
        set { self["traceparent"] = newValue?.description }
    }
}

extension Recorded {
    /// What events carry that are caused by this one: its correlation (or its own id, where it is the first), itself as
    /// the cause, and its trace and actor.
    public var consequence: Metadata { metadata.consequence(of: id) }
}

extension Metadata {
    /// What is carried on from an event of this id and metadata.
    package func consequence(of id: UUID) -> Metadata {
        let id = id.text
        var caused = Metadata()
        caused.correlationID = correlationID ?? id
        caused.causationID = id
        caused["traceparent"] = self["traceparent"]
        caused.actor = actor
        return caused
    }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(Dictionary(elements) { _, last in last })
    }
}

extension Metadata: Codable {
    public init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: String].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }
}
