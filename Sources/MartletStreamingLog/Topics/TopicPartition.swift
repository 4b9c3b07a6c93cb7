/// One of a topic's partitions, numbered from 0: what has an order of its own.
public struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let topic: TopicName
    public let number: Int

    public init(_ topic: TopicName, _ number: Int) {
        (self.topic, self.number) = (topic, number)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.number) < (right.topic, right.number)
    }

    public var description: String { "\(topic)/\(number)" }
}

/// A place in a partition: 0 is the first record's.
///
/// What a group has committed, and where reading goes on, is the offset of the next record, not of the last one read.
public struct Offset: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    public var next: Offset { Offset(rawValue: rawValue &+ 1) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

extension Offset: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(rawValue: value) }
}
