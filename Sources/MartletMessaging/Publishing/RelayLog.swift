import MartletStreamingLog

/// The streaming log that a relay appends to.
struct RelayLog: Sendable {
    /// The log that is in the event store's own database, where both can be changed in one transaction; nil for any other.
    let own: EmbeddedLog?
    private let log: any StreamingLog

    init(own log: EmbeddedLog) { (own, self.log) = (log.isInPostgres ? log : nil, log) }

    init(_ log: some StreamingLog) { (own, self.log) = (nil, log) }

    func producer(_ id: ProducerID, epoch: Int64?) async throws(StreamingLogError) -> any LogProducer {
        try await log.producer(id, epoch: epoch)
    }

    /// Makes a topic unless it is there, however it is declared.
    func make(_ topic: Topic) async throws(StreamingLogError) {
        do throws(StreamingLogError) { try await log.create(topic) } catch .topicExists {}
    }
}

/// What says of a record which of its producer's it is, for whoever reads it more than once or misses some.
package enum RelayHeaders {
    package static let producer = "martlet-producer"
    /// The record's sequence.
    package static let sequence = "martlet-sequence"
    /// The last sequence that the producer has sent to the partition before; -1 is none.
    package static let after = "martlet-after"
}
