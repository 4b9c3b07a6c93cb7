/// A place in the log of all events: 1 to N without a hole, in the order in which the events were committed.
public struct GlobalPosition: RawRepresentable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// Before the first event.
    public static let start = GlobalPosition(rawValue: 0)

    public let rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

extension GlobalPosition: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(rawValue: value) }
}
