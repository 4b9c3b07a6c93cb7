import FoundationEssentials
import MartletStreamingLog
import Synchronization

/// A streaming log's memory: what happens to it happens at once and one after the other, under one lock.
final class InMemoryLogStorage: LogStorage {
    struct Contents {
        var topics: [TopicName: InMemoryTopic] = [:]
        var producers: [ProducerID: Int64] = [:]
        var groups = InMemoryGroups()

        subscript(topic: TopicName) -> InMemoryTopic {
            get throws(StreamingLogError) {
                guard let found = topics[topic] else { throw .unknownTopic(topic) }
                return found
            }
        }

        func partition(_ place: TopicPartition) throws(StreamingLogError) -> InMemoryPartition {
            let topic = try self[place.topic]
            guard topic.partitions.indices.contains(place.number) else {
                throw .unknownPartition(place, of: topic.partitions.count)
            }
            return topic.partitions[place.number]
        }
    }

    private let contents = Mutex(Contents())
    private let clock: @Sendable () -> Date
    let signals = PartitionSignals()

    init(now: @escaping @Sendable () -> Date) { clock = now }

    var now: Date { clock().inMicroseconds }

    func withContents<Result: Sendable>(
        _ body: (inout sending Contents) throws(StreamingLogError) -> sending Result
    ) throws(StreamingLogError) -> Result {
        try contents.withLock(body)
    }

    // MARK: topics

    func create(_ topic: Topic) async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            guard contents.topics[topic.name] == nil else { throw .topicExists(topic.name) }
            contents.topics[topic.name] = InMemoryTopic(topic, at: now)
        }
    }

    func topics(named names: [TopicName]?) async throws(StreamingLogError) -> [TopicDescription] {
        try withContents { contents throws(StreamingLogError) in
            contents.topics.values.map(\.description)
                .filter { names?.contains($0.topic.name) ?? true }
                .sorted { $0.topic.name < $1.topic.name }
        }
    }

    func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError) {
        try change(topic) { topic throws(StreamingLogError) in try topic.setPartitions(count) }
    }

    func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError) {
        try change(topic) { topic throws(StreamingLogError) in topic.setRetention(retention) }
    }

    private func change(
        _ name: TopicName, _ body: (inout InMemoryTopic) throws(StreamingLogError) -> Void
    ) throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            var topic = try contents[name]
            try body(&topic)
            contents.topics[name] = topic
        }
    }

    func delete(_ topic: TopicName) async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            guard contents.topics.removeValue(forKey: topic) != nil else { throw .unknownTopic(topic) }
            contents.groups.forget(topic)
        }
    }

    func maintain() async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            let named = contents.producers
            for (name, topic) in contents.topics {
                let committed = topic.topic.retention.protecting.map { group in
                    topic.partitions.indices.map { contents.groups.committed(in: TopicPartition(name, $0), by: group) }
                }
                contents.topics[name]?.maintain(at: now, committed: committed) { named[$0] == nil }
            }
        }
    }

    // MARK: producers

    func register(_ producer: ProducerID, epoch: Int64?) async throws(StreamingLogError) -> Int64 {
        try withContents { contents throws(StreamingLogError) in
            let known = contents.producers[producer] ?? 0
            let granted = epoch ?? known + 1
            guard granted >= known else { throw .fenced(producer, epoch: granted) }
            contents.producers[producer] = granted
            return granted
        }
    }

    func lastSequences(of producer: ProducerID, in topic: TopicName) async throws(StreamingLogError) -> [Int64] {
        try withContents { contents throws(StreamingLogError) in
            try contents[topic].partitions.map { $0.lastSequence(of: producer) }
        }
    }

    func append(_ batches: [RecordBatch], to topic: TopicName) async throws(StreamingLogError) -> [BatchVerdict] {
        let verdicts = try withContents { contents throws(StreamingLogError) in
            let epochs = contents.producers
            // The clock is asked under the lock, so that time runs as the log does.
            let moment = now
            let verdicts = contents.topics[topic]?.append(batches, at: moment) { batch in
                batch.epoch > 0 && epochs[batch.producer] != batch.epoch
            }
            guard let verdicts else { throw .unknownTopic(topic) }
            return verdicts
        }
        for (batch, verdict) in zip(batches, verdicts) {
            guard case .appended(_, 1...) = verdict else { continue }
            await signals.wake(TopicPartition(topic, batch.partition))
        }
        return verdicts
    }

    // MARK: reading

    func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> RecordPage {
        try withContents { contents throws(StreamingLogError) in
            let found = try contents.partition(partition)
            guard (found.beginning...found.end).contains(offset) else {
                throw .offsetOutOfRange(partition, offset, expected: found.beginning...found.end)
            }
            let records = found.records(from: offset, upTo: limits)
            return RecordPage(records: records, isEnd: (records.last?.offset.next ?? offset) == found.end)
        }
    }

    func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset? {
        try withContents { contents throws(StreamingLogError) in
            try contents.partition(partition).offset(at: time.inMicroseconds)
        }
    }
}
