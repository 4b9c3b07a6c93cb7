import Synchronization

/// What topics are like, as last heard: asked for again after half a minute, as with Kafka's clients
/// (`metadata.max.age.ms`, though that is five), or when the log says otherwise.
final class TopicMetadata: Sendable {
    private struct Known {
        let topic: Topic
        let until: ContinuousClock.Instant
    }

    private let storage: any LogStorage
    private let known = Mutex<[TopicName: Known]>([:])

    init(_ storage: any LogStorage) { self.storage = storage }

    func topic(_ name: TopicName) async throws(StreamingLogError) -> Topic {
        let now = ContinuousClock.now
        if let found = known.withLock({ $0[name] }), found.until > now { return found.topic }
        guard let found = try await storage.topics(named: [name]).first else { throw .unknownTopic(name) }
        known.withLock { $0[name] = Known(topic: found.topic, until: now + .seconds(30)) }
        return found.topic
    }

    func forget(_ topic: TopicName) { known.withLock { $0[topic] = nil } }
}
