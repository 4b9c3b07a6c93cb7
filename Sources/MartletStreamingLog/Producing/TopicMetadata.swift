import Synchronization

/// How many partitions topics have, as last heard: asked for again after half a minute, as with Kafka's clients
/// (`metadata.max.age.ms`, though that is five), or when the log says otherwise.
final class TopicMetadata: Sendable {
    private struct Known {
        let partitions: Int
        let until: ContinuousClock.Instant
    }

    private let storage: any LogStorage
    private let known = Mutex<[TopicName: Known]>([:])

    init(_ storage: any LogStorage) { self.storage = storage }

    func partitions(of topic: TopicName) async throws(StreamingLogError) -> Int {
        let now = ContinuousClock.now
        if let found = known.withLock({ $0[topic] }), found.until > now { return found.partitions }
        guard let found = try await storage.topics(named: [topic]).first else { throw .unknownTopic(topic) }
        known.withLock { $0[topic] = Known(partitions: found.topic.partitions, until: now + .seconds(30)) }
        return found.topic.partitions
    }

    func forget(_ topic: TopicName) { known.withLock { $0[topic] = nil } }
}
