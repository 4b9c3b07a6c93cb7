/// Appends records to topics, each once.
///
/// What it has under way it sends again after a lost link, under the same sequences, and the log leaves out what it has.
/// Callers may send at the same time: what waits goes together in one call.
public protocol LogProducer: Sendable {
    var id: ProducerID { get }
    var epoch: Int64 { get }

    /// Appends the records and returns, in their order, where they stand, once they are durable.
    ///
    /// Those of one partition, up to 256 MiB, stand together and in this order; among partitions they are appended
    /// independently. When it throws, some may have been appended.
    /// - Throws: ``StreamingLogError/fenced(_:epoch:)``, ``StreamingLogError/unknownTopic(_:)``,
    ///   ``StreamingLogError/overloaded(waiting:)`` and others.
    @discardableResult
    func send(_ records: [Record], to topic: TopicName) async throws(StreamingLogError) -> [RecordPlace]

    /// The last sequence of this producer in each partition of a topic, by their numbers; -1 is none.
    func lastSequences(in topic: TopicName) async throws(StreamingLogError) -> [Int64]
}

extension LogProducer {
    @discardableResult
    public func send(_ record: Record, to topic: TopicName) async throws(StreamingLogError) -> RecordPlace {
        let places = try await send([record], to: topic)
        guard let place = places.first else { throw .corrupt("expected a record's place, found none") }
        return place
    }
}

/// What names a producer across its restarts: up to 200 bytes.
public struct ProducerID: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringInterpolation {
    public let description: String

    public init(_ text: String) { description = text }

    public init(stringLiteral text: String) { self.init(text) }

    /// By their bytes, as PostgreSQL tells them apart; for Swift "é" may have others.
    public static func == (left: Self, right: Self) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = description
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
