public import FoundationEssentials

/// What readers that share a topic's partitions have in common: up to 200 bytes.
public struct GroupName: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringInterpolation {
    public let description: String

    public init(_ text: String) { description = text }

    public init(stringLiteral text: String) { self.init(text) }

    public static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// A partition that has fallen to this member of a group.
public protocol AssignedPartition: Sendable {
    var partition: TopicPartition { get }
    /// Rises with each member that comes to have it: of two who think that they have it, the higher one is right.
    var epoch: Int64 { get }
    /// From where this member began to read.
    var start: Offset { get }
    /// Whether that is where somebody has set the group (``StreamingLog/seek(_:in:to:)``), or where the options have it begin
    /// at the end, and not where a member has come to.
    var isSought: Bool { get }

    /// The next records, at least one: waits until there are any.
    ///
    /// Behind what it returns at most one more page is read ahead, so a member that is slow keeps little in memory. Where
    /// the log cannot be reached, it tries again.
    /// - Throws: `CancellationError` when the partition is to go, or the program to stop;
    ///   ``StreamingLogError/offsetOutOfRange(_:_:expected:)`` when retention was faster, unless the options say where to
    ///   go on.
    func next(upTo limits: FetchLimits) async throws -> [StoredRecord]

    /// Keeps that everything before this offset is done with, for whoever reads the partition next. It counts also once
    /// the task is cancelled, for as long as no other member has the partition.
    ///
    /// Where the log cannot be reached, it tries again, until the task is cancelled.
    /// - Throws: ``StreamingLogError/revoked(_:)`` when another member has it.
    func commit(_ offset: Offset) async throws(StreamingLogError)

    /// Reads on from another place. Nothing is committed by that.
    func seek(to place: SeekPlace) async throws(StreamingLogError)
}

/// A place in a partition, by other names than its number.
public enum SeekPlace: Hashable, Sendable {
    case beginning
    case end
    case offset(Offset)
    /// The first record that was appended at this time or later.
    case time(Date)
}

/// The most that one page of records is to hold; one record is read however large it is.
public struct FetchLimits: Hashable, Sendable {
    public var records: Int
    public var bytes: Int

    public init(records: Int = 500, bytes: Int = 1 << 20) {
        precondition(records > 0 && bytes > 0, "expected limits above 0, found \(records) records, \(bytes) bytes")
        (self.records, self.bytes) = (records, bytes)
    }
}

/// How a member of a group reads.
public struct ConsumeOptions: Sendable {
    /// Where a group begins that has committed nothing, and where it goes on when what comes next is gone. A group that
    /// begins at the end commits that place at once, so that a restart passes over nothing; partitions that are added to
    /// the topic later it reads from their beginning.
    public var start: Start
    /// How long a member that says nothing more keeps its partitions; 300 ms to a day. One that cannot reach the log
    /// stops reading after four fifths of it.
    public var lease: Duration

    public init(start: Start = .beginning, lease: Duration = .seconds(5)) {
        (self.start, self.lease) = (start, lease)
    }

    public enum Start: Sendable {
        case beginning, end
        /// Nothing is passed over silently: reading throws ``StreamingLogError/offsetOutOfRange(_:_:expected:)`` where
        /// records are gone that the group has not read. A new group begins at the beginning.
        case beginningOrFail
    }
}

public struct GroupDescription: Hashable, Sendable {
    public let name: GroupName
    /// How many members read now.
    public let members: Int
    public let topics: [TopicName]

    package init(name: GroupName, members: Int, topics: [TopicName]) {
        (self.name, self.members, self.topics) = (name, members, topics)
    }
}

/// How far a group is behind in one partition.
public struct PartitionLag: Hashable, Sendable {
    public let partition: TopicPartition
    /// What it reads next; nil when it has committed nothing.
    public let committed: Offset?
    public let end: Offset
    /// How many records it has yet to read of those that are there.
    public let records: Int64
    /// How long the first of them has stood there; zero when there is none.
    public let time: Duration
    /// Who reads it now.
    public let member: UUID?

    package init(
        partition: TopicPartition, committed: Offset?, end: Offset, records: Int64, time: Duration, member: UUID?
    ) {
        (self.partition, self.committed, self.end) = (partition, committed, end)
        (self.records, self.time, self.member) = (records, time, member)
    }
}
