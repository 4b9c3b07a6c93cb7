import FoundationEssentials
import MartletTesting

@testable import MartletStreamingLog

/// A log's storage of which only what producers call is not the one below it.
protocol AppendStorage: LogStorage {
    var base: any LogStorage { get }
}

extension AppendStorage {
    func create(_ topic: Topic) async throws(StreamingLogError) { try await base.create(topic) }
    func topics(named names: [TopicName]?) async throws(StreamingLogError) -> [TopicDescription] {
        try await base.topics(named: names)
    }
    func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError) {
        try await base.setPartitions(of: topic, to: count)
    }
    func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError) {
        try await base.setRetention(of: topic, to: retention)
    }
    func delete(_ topic: TopicName) async throws(StreamingLogError) { try await base.delete(topic) }
    func maintain() async throws(StreamingLogError) { try await base.maintain() }
    func register(_ producer: ProducerID, epoch: Int64?) async throws(StreamingLogError) -> Int64 {
        try await base.register(producer, epoch: epoch)
    }
    func lastSequences(of producer: ProducerID, in topic: TopicName) async throws(StreamingLogError) -> [Int64] {
        try await base.lastSequences(of: producer, in: topic)
    }
    func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> RecordPage {
        try await base.fetch(partition, from: offset, upTo: limits)
    }
    func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset? {
        try await base.offset(in: partition, at: time)
    }
    var signals: PartitionSignals { base.signals }
}
