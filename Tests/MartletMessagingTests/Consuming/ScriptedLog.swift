import FoundationEssentials
import Martlet
import MartletPostgres
import MartletStreamingLog
import Synchronization

/// A log in memory that delivers as a test tells it to, and gives every member every partition: all but one are zombies.
final class ScriptedLog: StreamingLog {
    typealias Delivery = @Sendable (TopicPartition, [StoredRecord]) -> [StoredRecord]

    struct State {
        var topics: [TopicName: [[StoredRecord]]] = [:]
        /// From where on records are there.
        var beginnings: [TopicPartition: Offset] = [:]
        var committed: [TopicPartition: Offset] = [:]
        var epochs: [ProducerID: Int64] = [:]
        var sequences: [String: Int64] = [:]
        var members: Int64 = 0
        var delivery: Delivery = { _, page in page }
        var losesCommits = false
        /// Whether each who commits hears that the partition is another's.
        var revokes = false
        var largestRecord = Int.max
        /// What is said to whoever sends something.
        var refusal: StreamingLogError?
        /// What each member has committed.
        var commits: [Int64: Offset] = [:]
        var timesCommitted = 0
        /// Whether somebody has set the groups where they begin.
        var isSought = false
    }

    let state = Mutex(State())
    let signal = AppendSignal()

    init(_ topic: TopicName, partitions: Int = 1) {
        state.withLock { $0.topics[topic] = Array(repeating: [], count: partitions) }
    }

    func deliver(_ delivery: @escaping Delivery) { state.withLock { $0.delivery = delivery } }

    /// Appends records as they are, one after another, whatever they say of themselves.
    func append(_ records: [Record], to partition: TopicPartition) async {
        state.withLock { state in
            for record in records { state.append(record, to: partition) }
        }
        await signal.wake()
    }

    func records(of topic: TopicName) -> [StoredRecord] {
        state.withLock { $0.topics[topic] ?? [] }.flatMap(\.self)
    }

    // MARK: reading

    func consume(
        _ topics: [TopicName], as group: GroupName, options: ConsumeOptions,
        _ body: @escaping @Sendable (any AssignedPartition) async throws -> Void
    ) async throws {
        let assigned: [ScriptedPartition] = state.withLock { state in
            state.members += 1
            return topics.flatMap { topic in
                (state.topics[topic] ?? []).indices.map { number in
                    let partition = TopicPartition(topic, number)
                    let start = state.committed[partition] ?? state.beginnings[partition] ?? 0
                    return ScriptedPartition(log: self, partition: partition, epoch: state.members, start: start)
                }
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for partition in assigned { group.addTask { try await body(partition) } }
            // Not waitForAll: that would wait for the others to end before it told of the first failure.
            for try await _ in group {}
        }
    }

    func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag] {
        state.withLock { state in
            state.topics.flatMap { topic, partitions in
                partitions.enumerated().map { number, records in
                    let partition = TopicPartition(topic, number)
                    let committed = state.committed[partition]
                    return PartitionLag(
                        partition: partition, committed: committed, end: Offset(rawValue: Int64(records.count)),
                        records: Int64(records.count) - (committed?.rawValue ?? 0), time: .zero, member: nil)
                }
            }
        }
    }

    // MARK: producing

    func producer(_ id: ProducerID?, epoch: Int64?) async throws(StreamingLogError) -> any LogProducer {
        let id = id ?? "nobody"
        let known = state.withLock { $0.epochs[id] ?? 0 }
        let epoch = epoch ?? known + 1
        guard epoch >= known else { throw .fenced(id, epoch: epoch) }
        state.withLock { $0.epochs[id] = epoch }
        return ScriptedProducer(log: self, id: id, epoch: epoch)
    }

    func create(_ topic: Topic) async throws(StreamingLogError) {
        let isNew = state.withLock { state in
            guard state.topics[topic.name] == nil else { return false }
            state.topics[topic.name] = Array(repeating: [], count: topic.partitions)
            return true
        }
        guard isNew else { throw .topicExists(topic.name) }
    }

    func describe(_ topic: TopicName) async throws(StreamingLogError) -> TopicDescription {
        let (partitions, beginnings) = state.withLock { ($0.topics[topic], $0.beginnings) }
        guard let partitions else { throw .unknownTopic(topic) }
        return TopicDescription(
            topic: Topic(topic, partitions: partitions.count),
            partitions: partitions.enumerated().map { number, records in
                .init(
                    beginning: beginnings[TopicPartition(topic, number)] ?? 0,
                    end: Offset(rawValue: Int64(records.count)))
            })
    }

    // MARK: what consumers do not need

    func topics() async throws(StreamingLogError) -> [TopicDescription] { [] }
    func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError) {}
    func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError) {}
    func delete(_ topic: TopicName) async throws(StreamingLogError) {}
    func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> [StoredRecord] { [] }
    func wait(for partition: TopicPartition, from offset: Offset, atMost patience: Duration) async {}
    func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset? { nil }
    func groups() async throws(StreamingLogError) -> [GroupDescription] { [] }
    func seek(_ group: GroupName, in topic: TopicName, to place: SeekPlace) async throws(StreamingLogError) {}
    func delete(group: GroupName) async throws(StreamingLogError) {}
}

extension ScriptedLog.State {
    mutating func append(_ record: Record, to partition: TopicPartition) {
        let offset = topics[partition.topic]?[partition.number].count ?? 0
        topics[partition.topic]?[partition.number].append(
            StoredRecord(
                partition: partition, offset: Offset(rawValue: Int64(offset)), key: record.key, value: record.value,
                headers: record.headers, messageID: record.messageID, timestamp: Date(timeIntervalSince1970: 1),
                appendedAt: Date(timeIntervalSince1970: 2)))
    }
}

final class ScriptedPartition: AssignedPartition {
    let log: ScriptedLog
    let partition: TopicPartition
    let epoch: Int64
    let start: Offset
    var isSought: Bool { log.state.withLock(\.isSought) }
    private let position: Mutex<Offset>

    init(log: ScriptedLog, partition: TopicPartition, epoch: Int64, start: Offset) {
        (self.log, self.partition, self.epoch, self.start) = (log, partition, epoch, start)
        position = Mutex(start)
    }

    func next(upTo limits: FetchLimits) async throws -> [StoredRecord] {
        while true {
            try Task.checkCancellation()
            let generation = await log.signal.generation
            let from = position.withLock(\.self)
            let (page, delivery) = log.state.withLock { state in
                let beginning = max(from, state.beginnings[partition] ?? 0)
                let records = state.topics[partition.topic]?[partition.number] ?? []
                return (Array(records.dropFirst(Int(beginning.rawValue)).prefix(limits.records)), state.delivery)
            }
            let delivered = delivery(partition, page)
            if let last = page.last, !delivered.isEmpty {
                position.withLock { $0 = last.offset.next }
                return delivered
            }
            await log.signal.wait(since: generation, atMost: .milliseconds(100))
        }
    }

    func commit(_ offset: Offset) async throws(StreamingLogError) {
        let isRevoked = log.state.withLock { state in
            guard !state.revokes else { return true }
            state.commits[epoch] = offset
            state.timesCommitted += 1
            if !state.losesCommits { state.committed[partition] = offset }
            return false
        }
        if isRevoked { throw .revoked(partition) }
    }

    func seek(to place: SeekPlace) async throws(StreamingLogError) {
        if case .offset(let offset) = place { position.withLock { $0 = offset } }
    }
}

struct ScriptedProducer: LogProducer {
    let log: ScriptedLog
    let id: ProducerID
    let epoch: Int64

    @discardableResult
    func send(_ records: [Record], to topic: TopicName) async throws(StreamingLogError) -> [RecordPlace] {
        let (refusal, count) = log.state.withLock { ($0.refusal, $0.topics[topic]?.count) }
        if let refusal { throw refusal }
        guard let count else { throw .unknownTopic(topic) }
        let current = log.state.withLock { $0.epochs[id] }
        guard current == epoch else { throw .fenced(id, epoch: epoch) }
        let limit = log.state.withLock(\.largestRecord)
        for record in records where record.byteCount > limit {
            throw .recordTooLarge(bytes: record.byteCount, limit: limit)
        }
        let places: [RecordPlace] = log.state.withLock { state in
            records.map { record in
                let number = record.key.map { Partitioner.partition(of: $0, among: count) } ?? 0
                let partition = TopicPartition(topic, number)
                if let sequence = record.sequence {
                    let name = "\(id) \(partition)"
                    guard sequence > state.sequences[name] ?? -1 else {
                        return RecordPlace(partition: partition, offset: nil)
                    }
                    state.sequences[name] = sequence
                }
                state.append(record, to: partition)
                return RecordPlace(partition: partition, offset: nil)
            }
        }
        await log.signal.wake()
        return places
    }

    func lastSequences(in topic: TopicName) async throws(StreamingLogError) -> [Int64] {
        let found = log.state.withLock { state in
            state.topics[topic]?.indices.map { state.sequences["\(id) \(TopicPartition(topic, $0))"] ?? -1 }
        }
        guard let found else { throw .unknownTopic(topic) }
        return found
    }
}
