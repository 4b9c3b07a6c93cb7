package import FoundationEssentials

/// Where a streaming log keeps things: PostgreSQL, or a test's memory, with the same promises.
package protocol LogStorage: Sendable {
    // MARK: topics

    /// - Throws: ``StreamingLogError/topicExists(_:)`` also when it is declared the same.
    func create(_ topic: Topic) async throws(StreamingLogError)
    /// Those of these names, or all, by name.
    func topics(named names: [TopicName]?) async throws(StreamingLogError) -> [TopicDescription]
    func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError)
    func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError)
    func delete(_ topic: TopicName) async throws(StreamingLogError)

    /// Begins new segments where they are due, and drops, compacts and forgets what may go.
    func maintain() async throws(StreamingLogError)

    // MARK: producers

    /// Takes note of a producer's epoch, the next one for nil, and answers with it.
    func register(_ producer: ProducerID, epoch: Int64?) async throws(StreamingLogError) -> Int64

    /// The last sequence of a producer in each partition of a topic, by their numbers; -1 is none.
    func lastSequences(
        of producer: ProducerID, in topic: TopicName
    ) async throws(StreamingLogError) -> [Int64]

    /// Appends batches to one topic, each whole, in the order of their partitions, of which no two are of the same producer
    /// and partition; answers for each. Never given up, whatever becomes of the caller's task, once it has been sent.
    func append(_ batches: [RecordBatch], to topic: TopicName) async throws(StreamingLogError) -> [BatchVerdict]

    // MARK: reading

    /// With nothing appended from `offset` on, no records.
    func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> RecordPage

    func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset?

    /// Woken after each append to a partition, this process's own and others'.
    var signals: PartitionSignals { get }
}

/// Records that follow one another in a partition.
package struct RecordPage: Sendable {
    package let records: [StoredRecord]
    /// Whether the partition ended with them, or just before what was asked for, when it was read.
    package let isEnd: Bool

    package init(records: [StoredRecord], isEnd: Bool) { (self.records, self.isEnd) = (records, isEnd) }
}

/// Records of one producer for one partition, with rising sequences.
package struct RecordBatch: Sendable {
    package let producer: ProducerID
    package let epoch: Int64
    package let partition: Int
    /// The last sequence that the producer has sent to the partition before; -1 is none.
    package let after: Int64
    /// Each has its sequence.
    package let records: [SequencedRecord]

    package init(producer: ProducerID, epoch: Int64, partition: Int, after: Int64, records: [SequencedRecord]) {
        (self.producer, self.epoch, self.partition) = (producer, epoch, partition)
        (self.after, self.records) = (after, records)
    }
}

package struct SequencedRecord: Sendable {
    package let sequence: Int64
    package let record: Record

    package init(sequence: Int64, record: Record) {
        (self.sequence, self.record) = (sequence, record)
    }
}

/// How a batch ended.
package enum BatchVerdict: Sendable, Equatable {
    /// The first of its records that were not there already have the offsets before `end`: so many of its last ones.
    case appended(end: Offset, new: Int)
    case fenced
    /// What the producer sent before is not there; the last that is.
    case missing(last: Int64)
    case unknownPartition
}
