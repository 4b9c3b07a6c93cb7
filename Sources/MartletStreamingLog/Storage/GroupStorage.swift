package import FoundationEssentials

/// Where a streaming log keeps what groups of readers share, by a clock of its own.
///
/// A lease is one member's right to read a partition for a time. Each that begins has an epoch above all before it, of
/// any group. Renewing it keeps its epoch; once it has run out, another member may be given the partition, and only then
/// the one before can commit nothing more.
package protocol GroupStorage: LogStorage {
    /// Makes a reader a member of a group, renews its leases, and gives it its fair share of what is free or has run
    /// out: of each topic as many partitions as the others that read this topic, one more or less. Answers with all that
    /// it holds, by topic and number.
    ///
    /// Partitions that were added to a topic since the group's first claim of it begin with offset 0 committed.
    /// Members that nothing was heard of for the time of their lease are none. When a new one finds less than its share,
    /// the group's signal is woken (``PartitionSignals/wake(_:)``).
    /// - Throws: ``StreamingLogError/unknownTopic(_:)``, when nothing was done.
    func claim(
        _ topics: [TopicName], for group: GroupName, member: UUID, lease: Duration
    ) async throws(StreamingLogError) -> [GroupLease]

    /// Ends leases, or all that a member has with its membership for nil, and wakes the group's signal.
    func release(
        _ partitions: [TopicPartition]?, of group: GroupName, member: UUID
    ) async throws(StreamingLogError)

    /// What a group has committed in a partition, nil for nothing.
    /// - Throws: ``StreamingLogError/revoked(_:)`` where another epoch has come.
    func committed(
        in partition: TopicPartition, by group: GroupName, epoch: Int64
    ) async throws(StreamingLogError) -> CommittedPlace?

    /// Never given up, whatever becomes of the caller's task, once it has been sent.
    /// - Throws: ``StreamingLogError/revoked(_:)`` where another epoch has come.
    func commit(
        _ offset: Offset, in partition: TopicPartition, by group: GroupName, epoch: Int64
    ) async throws(StreamingLogError)

    /// The groups that exist: those that have had a member or were given offsets, until they are deleted.
    func groups() async throws(StreamingLogError) -> [GroupDescription]

    /// Of all partitions that the group has committed in or has had a member for, by topic and number.
    func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag]

    /// Commits a place in each of a topic's partitions, the nearest one that there is, under a new epoch.
    /// - Throws: ``StreamingLogError/groupIsActive(_:members:)``, ``StreamingLogError/unknownTopic(_:)``.
    func seek(_ group: GroupName, in topic: TopicName, to place: SeekPlace) async throws(StreamingLogError)

    /// - Throws: ``StreamingLogError/groupIsActive(_:members:)``.
    func delete(group: GroupName) async throws(StreamingLogError)
}

/// What a group has committed in a partition.
package struct CommittedPlace: Sendable, Hashable {
    package let offset: Offset
    /// Whether somebody has set the group there, and no member has committed since.
    package let isSought: Bool

    package init(_ offset: Offset, isSought: Bool = false) { (self.offset, self.isSought) = (offset, isSought) }
}

/// A member's right to read a partition.
package struct GroupLease: Sendable, Hashable {
    package let partition: TopicPartition
    package let epoch: Int64
    /// Beyond the member's share: it gives it back itself, once it has stopped reading.
    package let isSurplus: Bool

    package init(partition: TopicPartition, epoch: Int64, isSurplus: Bool) {
        (self.partition, self.epoch, self.isSurplus) = (partition, epoch, isSurplus)
    }
}
