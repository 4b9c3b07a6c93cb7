/// A place in one stream: its first event has version 1, and a stream without events is at ``none``.
public struct StreamVersion: RawRepresentable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// The version of a stream without events.
    public static let none = StreamVersion(rawValue: 0)

    public let rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

extension StreamVersion: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(rawValue: value) }
}
