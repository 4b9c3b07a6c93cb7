public import FoundationEssentials

/// Topics of partitioned, append-only records, which groups of readers share: what Kafka's words mean there, they mean
/// here.
///
/// - Records of one partition have offsets from 0 without a hole and are read in that order. There is no order among
///   partitions.
/// - A record is read only once it is durable; what ``LogProducer/send(_:)`` has answered with stays.
/// - A producer's records are appended once, however often its sending is tried again.
/// - Of a group's members one at a time reads a partition; when it dies, another goes on from the committed offset. So
///   what was read after the last commit is read again: delivery is at least once.
public protocol StreamingLog: Sendable {
    /// - Throws: ``StreamingLogError/topicExists(_:)`` unless it is declared the same; ``StreamingLogError/invalid(_:)``.
    func create(_ topic: Topic) async throws(StreamingLogError)

    /// All topics, by their names.
    func topics() async throws(StreamingLogError) -> [TopicDescription]

    /// - Throws: ``StreamingLogError/unknownTopic(_:)``.
    func describe(_ topic: TopicName) async throws(StreamingLogError) -> TopicDescription

    /// Adds partitions. Keys go to other partitions from then on, so records of one key may stand in two.
    /// - Throws: ``StreamingLogError/invalid(_:)`` for fewer than there are.
    func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError)

    func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError)

    /// Deletes a topic with all its records and its groups' offsets. Fails while somebody holds its records for long, as
    /// a backup does.
    func delete(_ topic: TopicName) async throws(StreamingLogError)

    /// What appends records.
    /// - Parameters:
    ///   - id: the same for whoever takes the same work over; the one who comes fences the one before. Nil is for one
    ///     whom nobody follows.
    ///   - epoch: of whose work this is, where that is counted elsewhere; nil takes the next one.
    /// - Throws: ``StreamingLogError/fenced(_:epoch:)`` when there is a later epoch already.
    func producer(_ id: ProducerID?, epoch: Int64?) async throws(StreamingLogError) -> any LogProducer

    /// Reads partitions of topics, shared with the group's other members, until the task is cancelled.
    ///
    /// `body` is called for each partition that falls to this member, in a task of its own. That task is cancelled when
    /// the partition is to go to another member, or the lease could not be renewed in time; it should end soon then, and
    /// its last commit still counts. A `body` that returns earlier is not called again for as long as this member has
    /// the partition, which nobody reads then.
    ///
    /// A log that cannot be reached is no error: the member tries again, and goes on where the group has committed.
    /// - Throws: what `body` throws, after all others have ended; ``StreamingLogError``.
    func consume(
        _ topics: [TopicName], as group: GroupName, options: ConsumeOptions,
        _ body: @escaping @Sendable (any AssignedPartition) async throws -> Void
    ) async throws

    /// Up to `limits` records of a partition from an offset on, as far as there are any.
    /// - Throws: ``StreamingLogError/offsetOutOfRange(_:_:expected:)``.
    func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> [StoredRecord]

    /// Returns when a partition may have records from an offset on, or after `patience`.
    func wait(for partition: TopicPartition, from offset: Offset, atMost patience: Duration) async

    /// Of the first record that was appended at this time or later; nil when there is none.
    /// - Throws: ``StreamingLogError/unknownTopic(_:)``, ``StreamingLogError/unknownPartition(_:of:)``.
    func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset?

    /// The groups that have committed offsets or have members.
    func groups() async throws(StreamingLogError) -> [GroupDescription]

    /// How far a group is behind, by topic and partition.
    func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag]

    /// Sets where a group goes on.
    /// - Throws: ``StreamingLogError/groupIsActive(_:members:)`` while it has members.
    func seek(_ group: GroupName, in topic: TopicName, to place: SeekPlace) async throws(StreamingLogError)

    /// Forgets a group's offsets.
    /// - Throws: ``StreamingLogError/groupIsActive(_:members:)`` while it has members.
    func delete(group: GroupName) async throws(StreamingLogError)
}

extension StreamingLog {
    public func producer() async throws(StreamingLogError) -> any LogProducer { try await producer(nil, epoch: nil) }

    public func producer(_ id: ProducerID) async throws(StreamingLogError) -> any LogProducer {
        try await producer(id, epoch: nil)
    }

    /// Reads as the defaults of ``ConsumeOptions`` have it.
    public func consume(
        _ topics: [TopicName], as group: GroupName,
        _ body: @escaping @Sendable (any AssignedPartition) async throws -> Void
    ) async throws { try await consume(topics, as: group, options: ConsumeOptions(), body) }

    public func fetch(
        _ partition: TopicPartition, from offset: Offset
    ) async throws(StreamingLogError) -> [StoredRecord] {
        try await fetch(partition, from: offset, upTo: FetchLimits())
    }
}
