import MartletDomain
import MartletEventStore
import MartletProjections
import MartletStreamingLog

/// What is to be sent once more, and where.
struct Replay: Sendable {
    let position: GlobalPosition
    let topic: TopicName
    let progress: @Sendable (ReplayProgress) -> Void
}

extension RelayWriter {
    func run(_ replay: Replay) async throws {
        var lane = try await replayLane(into: replay.topic)
        let end = try await store.head()
        var (position, count) = (replay.position, 0)
        while position < end {
            try Task.checkCancellation()
            let page = try await store.logPage(after: position, limit: 1000).prefix { $0.position <= end }
            guard let last = page.last else { return }
            var positions: [GlobalPosition] = []
            lane.prepared = [:]
            for stored in page {
                let messages = try messages(of: stored, into: replay.topic)
                guard !messages.isEmpty else { continue }
                lane.prepared[stored.position] = messages
                positions.append(stored.position)
                count += messages.count
            }
            try await send(&lane, of: positions)
            position = last.position
            replay.progress(ReplayProgress(position: position, end: end, messages: count))
        }
    }

    private func replayLane(into topic: TopicName) async throws(StreamingLogError) -> RelayLane {
        var lane = RelayLane(
            try await log.producer(ProducerID(relay: declaration.name, replayingInto: topic), epoch: nil))
        do throws(StreamingLogError) { try await lane.learn(topic, in: log) } catch {
            guard case .unknownTopic = error else { throw error }
            var new = source.topic ?? Topic(topic)
            new.name = topic
            try await log.make(new)
            try await lane.learn(topic, in: log)
        }
        return lane
    }

    private func messages(of stored: StoredEvent, into topic: TopicName) throws -> [OutgoingMessage] {
        guard let input = try store.decode(stored, as: Input.self) else { return [] }
        return try messages(for: input, stored).map { OutgoingMessage(topic: topic, record: $0.record) }
    }
}
