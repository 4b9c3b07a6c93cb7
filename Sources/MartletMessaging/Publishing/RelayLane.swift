import MartletDomain
import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// What one producer of a relay sends: a partition's worker under its lease, or an operator who retries a key.
struct RelayLane: Sendable {
    let producer: any LogProducer
    private var topics: [TopicName: Known] = [:]
    /// What is to be written in the transaction that comes, by the events' positions.
    var prepared: [GlobalPosition: [OutgoingMessage]] = [:]
    /// What was left to be sent with the last transaction's commit.
    var staged: [Staged] = []

    /// How far the producer has come in a topic.
    private struct Known {
        let partitions: Int
        var lasts: [Int: Int64]
        let since = ContinuousClock.now
    }

    struct Staged: Sendable {
        let topic: TopicName
        let batches: [RecordBatch]
        let answer: AnswerAtCommit
    }

    init(_ producer: any LogProducer) { self.producer = producer }

    /// Asks how far it has come in a topic, unless that is known: topics get more partitions at times, and new segments.
    /// - Returns: its last sequence there, if it was asked for and there is one.
    @discardableResult
    mutating func learn(_ topic: TopicName, in log: RelayLog) async throws(StreamingLogError) -> Int64? {
        if let known = topics[topic], .now - known.since < .seconds(30) { return nil }
        try await log.own?.prepareToPublish(to: topic)
        let lasts = try await producer.lastSequences(in: topic)
        guard !lasts.isEmpty else { throw .unknownTopic(topic) }
        topics[topic] = Known(
            partitions: lasts.count, lasts: Dictionary(uniqueKeysWithValues: lasts.enumerated().map { ($0, $1) }))
        return lasts.max().flatMap { $0 < 0 ? nil : $0 }
    }

    /// Takes note of how the last transaction has ended.
    mutating func settle(by log: RelayLog) throws(StreamingLogError) {
        for left in staged {
            // Where nobody has heard, it may have been rolled back.
            guard let rows = left.answer.rows else {
                topics = [:]
                continue
            }
            try log.own?.published(left.batches, to: left.topic, rows)
        }
        staged = []
    }

    /// The messages of events, by topic in the order of their names, with their sequences.
    func messages(
        of events: [GlobalPosition]
    ) -> [(topic: TopicName, messages: [(sequence: Int64, message: OutgoingMessage)])] {
        var topics: [TopicName: [(sequence: Int64, message: OutgoingMessage)]] = [:]
        for position in events {
            for (index, message) in (prepared[position] ?? []).enumerated() {
                topics[message.topic, default: []].append((position.firstSequence + Int64(index), message))
            }
        }
        return topics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What becomes of a topic's messages, by partition, in their order; knows them for sent from then on.
    /// - Throws: ``StreamingLogError/unknownPartition(_:of:)``.
    mutating func batches(
        of messages: [(sequence: Int64, message: OutgoingMessage)], to topic: TopicName
    ) throws(StreamingLogError) -> [RecordBatch] {
        guard var known = topics[topic] else { throw .unknownTopic(topic) }
        var batches: [Int: (after: Int64, records: [SequencedRecord])] = [:]
        for (sequence, message) in messages {
            let partition = message.partition(among: known.partitions)
            guard (0..<known.partitions).contains(partition) else {
                throw .unknownPartition(TopicPartition(topic, partition), of: known.partitions)
            }
            let last = known.lasts[partition] ?? -1
            let record = message.record.sent(by: producer.id, sequence, after: last, in: partition)
            batches[partition, default: (last, [])].records.append(
                SequencedRecord(sequence: sequence, record: record))
            known.lasts[partition] = max(last, sequence)
        }
        topics[topic] = known
        return batches.sorted { $0.key < $1.key }.map { partition, batch in
            RecordBatch(
                producer: producer.id, epoch: 0, partition: partition, after: batch.after, records: batch.records)
        }
    }
}

extension [GlobalPosition: [OutgoingMessage]] {
    /// To which topics they go: mostly to one.
    var topics: [TopicName] {
        var topics: [TopicName] = []
        for messages in values {
            for message in messages where !topics.contains(message.topic) { topics.append(message.topic) }
        }
        return topics
    }
}

extension GlobalPosition {
    /// The sequences of an event's messages begin here; so it has at most 1,024.
    var firstSequence: Int64 { rawValue << 10 }
}

extension Record {
    fileprivate func sent(by producer: ProducerID, _ sequence: Int64, after last: Int64, in partition: Int) -> Record {
        var record = self
        record.headers.append(Header(RelayHeaders.producer, producer.description))
        record.headers.append(Header(RelayHeaders.sequence, String(sequence)))
        record.headers.append(Header(RelayHeaders.after, String(last)))
        (record.sequence, record.partition) = (sequence, partition)
        return record
    }
}

extension ProducerID {
    /// Of the worker of a partition.
    init(relay name: String, partition: Int) { self.init("\(name)/\(partition)") }

    /// Of whoever retries a parked key, whose sequences are lower than those that the worker has sent since.
    init(relay name: String, retrying key: String) { self.init(name, "retried", key) }

    /// Of whoever sends all again into a topic.
    init(relay name: String, replayingInto topic: TopicName) { self.init(name, "replay", topic.description) }

    /// What is too long, or cannot be stored, has its hash instead.
    private init(_ relay: String, _ purpose: String, _ text: String) {
        let isFit = relay.utf8.count + text.utf8.count < 180 && !text.utf8.contains(0)
        self.init("\(relay)/\(purpose)/" + (isFit ? text : "#" + String(text.stableHash, radix: 16)))
    }
}
