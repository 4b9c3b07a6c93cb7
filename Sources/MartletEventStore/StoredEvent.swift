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
    /// The version of the type's shape, from 1; upcasters start from it.
    public let typeVersion: Int
    /// JSON, as it was written.
    public let payload: [UInt8]
    /// A JSON object of strings.
    public let metadata: [UInt8]

    package init(
        position: GlobalPosition, version: StreamVersion, recordedAt: Date, id: UUID, stream: StreamName, type: String,
        typeVersion: Int, payload: [UInt8], metadata: [UInt8]
    ) {
        (self.position, self.version, self.recordedAt) = (position, version, recordedAt)
        (self.id, self.stream, self.type, self.typeVersion) = (id, stream, type, typeVersion)
        (self.payload, self.metadata) = (payload, metadata)
    }
}

extension StoredEvent {
    static let columns: SQL =
        "position, version, recorded_at, event_id, stream_id, type, type_version, payload, metadata"

    init(_ row: Row) throws(EventStoreError) {
        let (position, version, recordedAt, id, stream, type, typeVersion, payload, metadata) = try decoding(row) {
            row throws(PostgresDecodingError) in
            try row.decode(
                Int64.self, Int64.self, Date.self, UUID.self, String.self, String.self, Int16.self, JSON.self,
                JSON.self)
        }
        guard let name = StreamName(stream) else {
            throw .corrupt("position \(position): expected a stream's name, found \"\(stream)\"")
        }
        self.init(
            position: GlobalPosition(rawValue: position), version: StreamVersion(rawValue: version),
            recordedAt: recordedAt, id: id, stream: name, type: type, typeVersion: Int(typeVersion),
            payload: payload.bytes, metadata: metadata.bytes)
    }
}
