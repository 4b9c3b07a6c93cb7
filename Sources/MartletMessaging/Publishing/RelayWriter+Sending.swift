import MartletDomain
import MartletEventStore
import MartletPostgres
import MartletProjections
import MartletStreamingLog
import Synchronization

extension RelayWriter {
    func messages(of event: Event) throws -> [OutgoingMessage] {
        try messages(for: try event.input.get(), event.stored)
    }

    func messages(for input: Input, _ stored: StoredEvent) throws -> [OutgoingMessage] {
        let trace = try store.metadata(of: stored)["traceparent"]
        let messages = try source.messages(for: input, from: stored, trace: trace)
        guard messages.count <= 1024 else { throw TooManyMessages(count: messages.count) }
        return messages
    }

    /// What is known of the author's producer; else the producer is registered, which keeps the log from forgetting what
    /// it has of it.
    func lane(of author: EffectAuthor) async throws(StreamingLogError) -> RelayLane {
        if let known = lanes[author] { return known }
        switch author {
        case .worker(let partition, let epoch):
            // In its own database the checkpoint's guard fences, and the epochs may be those of another life of it.
            let id = ProducerID(relay: declaration.name, partition: partition)
            return RelayLane(try await log.producer(id, epoch: log.own == nil ? epoch : nil))
        case .retry(let key):
            let id = ProducerID(relay: declaration.name, retrying: key.text)
            return RelayLane(try await log.producer(id, epoch: nil))
        }
    }

    /// Asks how far the producer has come in a topic, which is made when it is missing and the publication's own.
    func learn(_ topic: TopicName, _ lane: inout RelayLane) async throws {
        var last: Int64?
        do throws(StreamingLogError) { last = try await lane.learn(topic, in: log) } catch {
            guard case .unknownTopic = error, let own = source.topic, own.name == topic else { throw error }
            try await log.make(own)
            last = try await lane.learn(topic, in: log)
        }
        // In one database the append fails where anything is not new.
        if log.own == nil, let last { try await requireKnown(last, of: lane.producer.id, in: topic) }
    }

    /// Else the messages of events to come would be left out as those that the log has; once there are as many events again,
    /// nothing tells any more, so it does not wait for that.
    private func requireKnown(_ last: Int64, of producer: ProducerID, in topic: TopicName) async throws {
        let head = try await store.head()
        guard GlobalPosition(rawValue: last >> 10) > head else { return }
        throw JudgedFailure(
            ForeignMessages(producer: producer, topic: topic, last: last >> 10, head: head.rawValue),
            isOfTheEvent: false, stops: true)
    }

    /// Sends to a log that is somewhere else.
    func send(_ lane: inout RelayLane, of events: [GlobalPosition]) async throws(StreamingLogError) {
        for (topic, messages) in lane.messages(of: events) {
            let batches = try lane.batches(of: messages, to: topic)
            try await lane.producer.send(batches.flatMap { $0.records.map(\.record) }, to: topic)
        }
    }

    /// With a word on whether the event is to blame: not for what is missing or out of order in the log.
    func judged(_ error: StreamingLogError) -> JudgedFailure {
        let isOfTheEvent =
            switch error {
            case .recordTooLarge, .invalid: true
            case .unknownTopic, .unknownPartition: source.topic == nil
            case .database(let error): ["22", "54"].contains(error.sqlState.errorClass) && !error.isOfTheMoment
            default: false
            }
        return JudgedFailure(error, isOfTheEvent: isOfTheEvent)
    }
}

/// The lanes of a relay in this process.
final class RelayLanes: Sendable {
    private enum Place: Hashable {
        case partition(Int)
        case retry(ExactText)

        init(_ author: EffectAuthor) {
            switch author {
            case .worker(let partition, _): self = .partition(partition)
            case .retry(let key): self = .retry(key)
            }
        }
    }

    private let lanes = Mutex<[Place: (author: EffectAuthor, lane: RelayLane)]>([:])

    /// Nil when it is the lane of an earlier lease.
    subscript(author: EffectAuthor) -> RelayLane? {
        get { lanes.withLock { $0[Place(author)] }.flatMap { $0.author == author ? $0.lane : nil } }
        set { lanes.withLock { lanes in lanes[Place(author)] = newValue.map { (author, $0) } } }
    }

    func forget(_ partition: Int) { lanes.withLock { $0[.partition(partition)] = nil } }
}

struct TooManyMessages: Error, CustomStringConvertible {
    let count: Int

    var description: String { "expected at most 1024 messages of one event, found \(count)" }
}

/// Another log has messages of events that the store has not.
struct ForeignMessages: Error, CustomStringConvertible {
    let producer: ProducerID
    let topic: TopicName
    let last: Int64
    let head: Int64

    var description: String {
        "expected messages of events up to position \(head), where the log of events ends; topic \"\(topic)\" has one of"
            + " position \(last) by producer \"\(producer)\": were the events restored, or is the name another's?"
    }
}

/// A batch is not the one that was prepared.
struct Unprepared: Error, CustomStringConvertible {
    let description = "an operator has let a parked key go on meanwhile; the batch is read again"
}
