public import FoundationEssentials
import MartletJSON
public import MartletStreamingLog

/// A record as a consumer gets it, with the attributes of the CloudEvent that it carries.
public struct Message: Sendable {
    public let record: StoredRecord

    package init(_ record: StoredRecord) { self.record = record }

    public var partition: TopicPartition { record.partition }

    public var offset: Offset { record.offset }

    /// As text; nil when it has none, or it is not UTF-8.
    public var key: String? { record.key.flatMap { String(validating: $0, as: UTF8.self) } }

    /// What was sent; empty where the record has no value.
    public var data: [UInt8] { record.value ?? [] }

    /// The CloudEvent's `id`, or else the record's message id.
    public var id: String? { record.header("ce_id") ?? record.messageID }

    public var type: String? { record.header("ce_type") }

    public var source: String? { record.header("ce_source") }

    public var subject: String? { record.header("ce_subject") }

    /// When it happened: the CloudEvent's `time`, or else the record's own.
    public var time: Date {
        guard let text = record.header("ce_time") else { return record.timestamp }
        do { return try Date(text, strategy: .iso8601) } catch { return record.timestamp }
    }

    /// The trace that it belongs to, as W3C Trace Context writes it.
    public var traceparent: String? { record.header("ce_traceparent") ?? record.header("traceparent") }

    /// Reads the value as JSON.
    /// - Throws: `PayloadError`, `DecodingError`; whatever is thrown by the type.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try PayloadDecoder().decode(type, from: data)
    }
}

extension Message: CustomStringConvertible {
    /// Where it is, and what it is called.
    public var description: String { "message \"\(id ?? type ?? "")\" at \(partition) offset \(offset)" }
}
