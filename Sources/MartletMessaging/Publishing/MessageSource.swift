import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletProjections
import MartletStreamingLog

/// What a relay makes its messages of: a publication, or what was left in the outbox.
protocol MessageSource: Sendable {
    associatedtype Input: EventInput

    var declaration: ReadModelDeclaration { get }

    /// Where all messages go; nil when each names its own.
    var topic: Topic? { get }

    func key(of input: Input, in stream: StreamName) -> String?
    func keyOfUnreadable(in stream: StreamName) -> String?

    /// The event's messages in their order.
    /// - Parameter trace: the event's.
    func messages(
        for input: Input, from stored: StoredEvent, trace: String?
    ) throws -> [OutgoingMessage]
}

/// A record on its way to a topic, whose partition is not known yet.
struct OutgoingMessage: Sendable {
    let topic: TopicName
    let record: Record

    /// The same whenever the message is sent, though it may have no key.
    func partition(among count: Int) -> Int {
        if let own = record.partition { return own }
        return Partitioner.partition(of: record.key ?? Array((record.messageID ?? "").utf8), among: count)
    }
}

/// The messages of a publication.
struct PublicationSource<P: Publication>: MessageSource {
    let publication: P
    let declaration: ReadModelDeclaration

    init(_ publication: P) {
        self.publication = publication
        precondition(
            !P.Input.categories.isEmpty, "publication \"\(P.name)\": expected it to take events, found no source")
        declaration = ReadModelDeclaration(relay: P.name, partitions: P.topic.partitions, P.onFailure, P.start)
    }

    var topic: Topic? { P.topic }

    func key(of input: P.Input, in stream: StreamName) -> String? { text(of: input, in: stream).asEventKey }

    func keyOfUnreadable(in stream: StreamName) -> String? {
        publication.key.text == nil ? stream.key.asEventKey : nil
    }

    private func text(of input: P.Input, in stream: StreamName) -> String {
        publication.key.text?(input) ?? stream.key
    }

    func messages(
        for input: P.Input, from stored: StoredEvent, trace: String?
    ) throws -> [OutgoingMessage] {
        let (id, key) = (stored.id.text, Array(text(of: input, in: stored.stream).utf8))
        return try publication.messages(for: input).enumerated().map { index, message in
            let event = CloudEvent(
                id: index == 0 ? id : "\(id).\(index)", source: P.source, type: message.type,
                subject: message.subject, time: stored.recordedAt, dataschema: message.dataschema,
                datacontenttype: message.contentType, data: try message.encode(),
                extensions: trace.map { ["traceparent": $0] } ?? [:])
            return OutgoingMessage(topic: P.topic.name, record: try event.record(key: key, mode: P.mode))
        }
    }
}

extension ReadModelDeclaration {
    init(relay name: String, partitions: Int, _ onFailure: FailurePolicy, _ start: PublicationStart) {
        precondition(
            (1...100).contains(name.utf8.count) && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") },
            "expected a publication's name of 1 to 100 bytes without a slash, found \"\(name)\"")
        self.init(
            .publication, process: name, partitions: min(256, partitions), onFailure: onFailure, largestBatch: 1000,
            beginsAtEnd: start == .end)
    }
}
