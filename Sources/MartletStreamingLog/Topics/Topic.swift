/// What there is to publish to and to read from: a number of partitions, and how long their records are kept.
public struct Topic: Hashable, Sendable {
    public var name: TopicName
    /// 1 to 1,024. Records of one key are in one partition, in their order; one reader of a group at a time has each.
    public var partitions: Int
    public var retention: Retention
    /// Whether of the records with one key only the last is kept in the end, and none once that has no value.
    public var isCompacted: Bool
    public var segments: Segments

    public init(
        _ name: TopicName, partitions: Int = 4, retention: Retention = .forever, isCompacted: Bool = false,
        segments: Segments = Segments()
    ) {
        (self.name, self.partitions, self.retention) = (name, partitions, retention)
        (self.isCompacted, self.segments) = (isCompacted, segments)
    }

    /// How long records are kept. What goes, goes by whole segments, the oldest first; so somewhat more is kept than
    /// was asked for, never less.
    public struct Retention: Hashable, Sendable {
        /// Records this old may go; nil is none.
        public var time: Duration?
        /// What is beyond so many bytes of the topic may go; nil is without a limit.
        public var bytes: Int64?
        /// Groups that are to have read a record before it goes, whatever its age.
        public var protecting: Set<GroupName>

        public init(time: Duration? = nil, bytes: Int64? = nil, protecting: Set<GroupName> = []) {
            (self.time, self.bytes, self.protecting) = (time, bytes, protecting)
        }

        public static let forever = Retention()
    }

    /// When a segment ends and the next one begins: once it is this old, or this large.
    public struct Segments: Hashable, Sendable {
        public var time: Duration
        public var bytes: Int64

        public init(time: Duration = .seconds(86_400), bytes: Int64 = 1 << 30) {
            (self.time, self.bytes) = (time, bytes)
        }
    }
}

/// A topic as the log has it.
public struct TopicDescription: Hashable, Sendable {
    public let topic: Topic
    /// Of each partition, by its number.
    public let partitions: [Extent]

    package init(topic: Topic, partitions: [Extent]) {
        (self.topic, self.partitions) = (topic, partitions)
    }

    /// From where to where a partition has records.
    public struct Extent: Hashable, Sendable {
        /// From where on records are still there; of a compacted topic the first that is left may come later. The end,
        /// when there is none.
        public let beginning: Offset
        /// The offset that the next record will have.
        public let end: Offset

        package init(beginning: Offset, end: Offset) {
            (self.beginning, self.end) = (beginning, end)
        }
    }
}
