/// The identity of one aggregate, and so of its stream: `Order.ID("42")` names the stream `order-42`.
///
/// Any string makes one; the event store refuses keys that it cannot keep (see ``StreamName/maximumLength``).
/// Coded as its key alone. Equal where the keys' bytes are, like ``StreamName``.
public struct StreamID<A: Aggregate>: Hashable, Sendable {
    /// What tells this aggregate from the others of its category.
    public let key: String

    public init(_ key: String) {
        self.key = key
    }

    /// The id of the aggregate behind a stream, or nil when the stream is of another category.
    public init?(_ name: StreamName) {
        guard name.category.hasSameBytes(as: A.category) else { return nil }
        key = name.key
    }

    public var name: StreamName { StreamName(category: A.category, key: key) }
}

extension StreamID {
    public static func == (left: Self, right: Self) -> Bool { left.key.hasSameBytes(as: right.key) }

    public func hash(into hasher: inout Hasher) { key.hashBytes(into: &hasher) }
}

extension StreamID: CustomStringConvertible {
    public var description: String { name.description }
}

extension StreamID: ExpressibleByStringLiteral {
    public init(stringLiteral key: String) { self.init(key) }
}

extension StreamID: Codable {
    public init(from decoder: any Decoder) throws {
        key = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(key)
    }
}
