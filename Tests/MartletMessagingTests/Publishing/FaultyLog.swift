import Foundation
import Martlet
import Synchronization

/// A log in another database, whose answers get lost at times.
struct FaultyLog: StreamingLog {
    /// What happens behind each send that has worked.
    final class Faults: Sendable {
        let count = Mutex(0)
        private let afterSend: @Sendable (Int) async throws -> Void

        /// - Parameter afterSend: is told how many there have been with this one.
        init(_ afterSend: @escaping @Sendable (Int) async throws -> Void = { _ in }) { self.afterSend = afterSend }

        func strike() async throws(StreamingLogError) {
            let number = count.withLock { count in
                count += 1
                return count
            }
            do { try await afterSend(number) } catch {
                throw .database(PostgresError(sqlState: .connectionFailure, message: "\(error)"))
            }
        }
    }

    private struct Producer: LogProducer {
        let base: any LogProducer
        let faults: Faults

        var id: ProducerID { base.id }
        var epoch: Int64 { base.epoch }

        func send(_ records: [Record], to topic: TopicName) async throws(StreamingLogError) -> [RecordPlace] {
            let places = try await base.send(records, to: topic)
            try await faults.strike()
            return places
        }

        func lastSequences(in topic: TopicName) async throws(StreamingLogError) -> [Int64] {
            try await base.lastSequences(in: topic)
        }
    }

    let base: EmbeddedLog
    let faults: Faults

    init(_ base: EmbeddedLog, _ faults: Faults = Faults()) { (self.base, self.faults) = (base, faults) }

    func producer(_ id: ProducerID?, epoch: Int64?) async throws(StreamingLogError) -> any LogProducer {
        Producer(base: try await base.producer(id, epoch: epoch), faults: faults)
    }

    func create(_ topic: Topic) async throws(StreamingLogError) { try await base.create(topic) }
    func topics() async throws(StreamingLogError) -> [TopicDescription] { try await base.topics() }
    func describe(_ topic: TopicName) async throws(StreamingLogError) -> TopicDescription {
        try await base.describe(topic)
    }
    func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError) {
        try await base.setPartitions(of: topic, to: count)
    }
    func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError) {
        try await base.setRetention(of: topic, to: retention)
    }
    func delete(_ topic: TopicName) async throws(StreamingLogError) { try await base.delete(topic) }
    func consume(
        _ topics: [TopicName], as group: GroupName, options: ConsumeOptions,
        _ body: @escaping @Sendable (any AssignedPartition) async throws -> Void
    ) async throws { try await base.consume(topics, as: group, options: options, body) }
    func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> [StoredRecord] {
        try await base.fetch(partition, from: offset, upTo: limits)
    }
    func wait(for partition: TopicPartition, from offset: Offset, atMost patience: Duration) async {
        await base.wait(for: partition, from: offset, atMost: patience)
    }
    func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset? {
        try await base.offset(in: partition, at: time)
    }
    func groups() async throws(StreamingLogError) -> [GroupDescription] { try await base.groups() }
    func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag] { try await base.lag(of: group) }
    func seek(_ group: GroupName, in topic: TopicName, to place: SeekPlace) async throws(StreamingLogError) {
        try await base.seek(group, in: topic, to: place)
    }
    func delete(group: GroupName) async throws(StreamingLogError) { try await base.delete(group: group) }
}
