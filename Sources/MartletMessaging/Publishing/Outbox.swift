import FoundationEssentials
import MartletDomain
public import MartletEventStore
public import MartletPostgres
import MartletProjections
public import MartletStreamingLog

/// Messages that are no events, in the log of events until they have been sent.
enum Outbox: Aggregate {
    static let category = "outbox"
    static let name = "outbox"

    case empty

    init() { self = .empty }

    enum Event: EventPayload {
        case published(OutboxMessage)
    }

    func decide(_: Never) -> [Event] {}
    mutating func apply(_: Event) {}
}

/// A record and its topic, as they are stored.
struct OutboxMessage: Codable, Sendable {
    struct Header: Codable, Sendable {
        let name: String
        let value: Data?
    }

    let topic: String
    let key: Data?
    let value: Data?
    let headers: [Header]
    let messageID: String?
    let timestamp: Date?
    let partition: Int?

    init(_ record: Record, on topic: TopicName) {
        self.topic = topic.description
        (key, value) = (record.key.map { Data($0) }, record.value.map { Data($0) })
        headers = record.headers.map { Header(name: $0.name, value: $0.value.map { Data($0) }) }
        (messageID, timestamp, partition) = (record.messageID, record.timestamp, record.partition)
    }

    /// - Throws: ``TopicName/Invalid``.
    func outgoing(from stored: StoredEvent) throws -> OutgoingMessage {
        let record = Record(
            key: key.map { [UInt8]($0) }, value: value.map { [UInt8]($0) },
            headers: headers.map { .init($0.name, $0.value.map { [UInt8]($0) }) },
            messageID: messageID ?? stored.id.text, timestamp: timestamp ?? stored.recordedAt,
            partition: partition)
        return OutgoingMessage(topic: try TopicName(topic), record: record)
    }
}

extension EventStore {
    /// Publishes a message together with the transaction: when that commits, the message is in the log of events, from
    /// where a relay takes it to its topic; see ``Publishing/messages``.
    ///
    /// Messages of one key come to stand in the order of their commits. One without an id gets one of its own; a
    /// ``Record/sequence`` is not looked at.
    /// - Throws: ``EventStoreError`` when the message cannot be stored.
    /// - Precondition: the transaction is of the event store's own database.
    public func publish(
        _ record: Record, on topic: TopicName, in transaction: Transaction
    ) throws(EventStoreError) {
        let id = StreamID<Outbox>(record.key?.asOutboxKey ?? UUID().text)
        try enqueueAppend(of: .published(OutboxMessage(record, on: topic)), to: id, in: transaction)
    }
}

extension [UInt8] {
    /// As a stream can be called by it; what cannot be, is by its bytes in base64, or their hash if they are many.
    fileprivate var asOutboxKey: String {
        if (1...400).contains(count), !contains(0), let text = String(validating: self, as: UTF8.self) { return text }
        let text = Data(self).base64EncodedString()
        return "base64:" + (text.utf8.count > 400 ? "\(text.prefix(300))…\(text.stableHash)" : text)
    }
}

/// The messages that were left in the outbox.
struct OutboxSource: MessageSource {
    let declaration = ReadModelDeclaration(relay: Outbox.name, partitions: 4, .park(), .beginning)

    var topic: Topic? { nil }

    func key(of _: Recorded<Outbox>, in stream: StreamName) -> String? { stream.key.asEventKey }
    func keyOfUnreadable(in stream: StreamName) -> String? { stream.key.asEventKey }

    func messages(
        for input: Recorded<Outbox>, from stored: StoredEvent, trace _: String?
    ) throws -> [OutgoingMessage] {
        switch input.event {
        case .published(let message): [try message.outgoing(from: stored)]
        }
    }
}
