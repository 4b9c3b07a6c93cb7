package import FoundationEssentials

/// Where a streaming log keeps what groups of readers share.
package protocol GroupStorage: LogStorage {
    /// Renews a member's leases on the topics' partitions and gives it its fair share; answers with all that it holds.
    func claim(
        _ topics: [TopicName], for group: GroupName, member: UUID, options: ConsumeOptions
    ) async throws(StreamingLogError) -> GroupClaim
    /// Gives partitions back, or all of them and the membership.
    func release(
        _ partitions: [TopicPartition]?, of group: GroupName, member: UUID
    ) async throws(StreamingLogError)
    /// False where another epoch has come.
    func commit(
        _ offset: Offset, of partition: TopicPartition, for group: GroupName, epoch: Int64
    ) async throws(StreamingLogError) -> Bool
    func groups() async throws(StreamingLogError) -> [GroupDescription]
    func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag]
    func seek(_ group: GroupName, in topic: TopicName, to place: SeekPlace) async throws(StreamingLogError)
    func delete(_ group: GroupName) async throws(StreamingLogError)
}

/// What a member holds of a group's partitions.
package struct GroupClaim: Sendable {
    /// How many it should hold; the surplus it gives back itself, once it has stopped reading it.
    package let share: Int
    package let held: [Held]

    package init(share: Int, held: [Held]) { (self.share, self.held) = (share, held) }

    package struct Held: Sendable, Hashable {
        package let partition: TopicPartition
        package let epoch: Int64
        /// Nil where the group has committed nothing.
        package let committed: Offset?

        package init(partition: TopicPartition, epoch: Int64, committed: Offset?) {
            (self.partition, self.epoch, self.committed) = (partition, epoch, committed)
        }
    }
}
