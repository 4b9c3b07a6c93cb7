public import FoundationEssentials
public import MartletDomain
import MartletPostgres

/// An event as it stands in the log, its payload not decoded.
public struct StoredEvent: Sendable {
    public let position: GlobalPosition
    public let version: StreamVersion
    public let recordedAt: Date
    public let id: UUID
    public let stream: StreamName
    /// The wire name, such as `order.placed`.
    public let type: String
    /// JSON, as it was written.
    public let payload: [UInt8]
    /// A JSON object of strings.
    public let metadata: [UInt8]
}

extension StoredEvent {
    static let columns: SQL = "position, version, recorded_at, event_id, stream_id, type, payload, metadata"

    init(_ row: Row) throws(EventStoreError) {
        let (position, version, recordedAt, id, stream, type, payload, metadata) = try decoding {
            () throws(PostgresDecodingError) in
            try row.decode(
                Int64.self, Int64.self, Date.self, UUID.self, String.self, String.self, JSON.self, JSON.self)
        }
        guard let name = StreamName(stream) else {
            throw .corrupt("position \(position): expected a stream's name, found \"\(stream)\"")
        }
        self.init(
            position: GlobalPosition(rawValue: position), version: StreamVersion(rawValue: version),
            recordedAt: recordedAt, id: id, stream: name, type: type, payload: payload.bytes, metadata: metadata.bytes)
    }
}

func decoding<Value>(_ body: () throws(PostgresDecodingError) -> Value) throws(EventStoreError) -> Value {
    do throws(PostgresDecodingError) { return try body() } catch { throw .corrupt(error.description) }
}
