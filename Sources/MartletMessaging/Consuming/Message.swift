public import FoundationEssentials
import MartletJSON
public import MartletStreamingLog

/// A record as a consumer gets it, with the attributes of the CloudEvent that it carries, in whichever mode.
public struct Message: Sendable {
    public let record: StoredRecord
    /// What a record in structured mode holds; read when it comes, where the attributes of others are looked up.
    private let envelope: Result<CloudEvent, any Error>?

    package init(_ record: StoredRecord) {
        self.record = record
        let isStructured = record.header("content-type")?.lowercased().hasPrefix("application/cloudevents") ?? false
        envelope = isStructured ? Result { try CloudEvent(record) } : nil
    }

    public var partition: TopicPartition { record.partition }

    public var offset: Offset { record.offset }

    /// As text; nil when it has none, or it is not UTF-8.
    public var key: String? { record.key.flatMap { String(validating: $0, as: UTF8.self) } }

    /// What was sent, without its envelope; empty where there is no value.
    public var data: [UInt8] { attributes.map { $0.data ?? [] } ?? record.value ?? [] }

    /// The CloudEvent's `id`, or else the record's message id.
    public var id: String? { attributes?.id ?? record.header("ce_id") ?? record.messageID }

    public var type: String? { attributes?.type ?? record.header("ce_type") }

    public var source: String? { attributes?.source ?? record.header("ce_source") }

    public var subject: String? { attributes?.subject ?? record.header("ce_subject") }

    /// When it happened: the CloudEvent's `time`, or else the record's own.
    public var time: Date {
        if let time = attributes?.time { return time }
        guard record.header("ce_time") != nil else { return record.timestamp }
        do { return try cloudEvent().time ?? record.timestamp } catch { return record.timestamp }
    }

    /// The trace that it belongs to, as W3C Trace Context writes it.
    public var traceparent: String? {
        attributes?.extensions["traceparent"] ?? record.header("ce_traceparent") ?? record.header("traceparent")
    }

    /// The whole event.
    /// - Throws: ``CloudEventError`` when the record does not carry one.
    public func cloudEvent() throws -> CloudEvent { try envelope?.get() ?? CloudEvent(record) }

    /// Reads what was sent as JSON.
    /// - Throws: `PayloadError`, `DecodingError`, ``CloudEventError`` where the envelope is broken; whatever is thrown by
    ///   the type.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        _ = try envelope?.get()
        return try PayloadDecoder().decode(type, from: data)
    }

    /// Of a record in structured mode.
    private var attributes: CloudEvent? {
        guard case .success(let event) = envelope else { return nil }
        return event
    }
}

extension Message: CustomStringConvertible {
    /// Where it is, and what it is called.
    public var description: String { "message \"\(id ?? type ?? "")\" at \(partition) offset \(offset)" }
}
