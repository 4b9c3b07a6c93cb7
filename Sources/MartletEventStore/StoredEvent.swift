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
    package static let columns: SQL =
        "position, version, recorded_at, event_id, stream_id, type, type_version, payload, metadata"

    /// Decodes rows that begin with these columns.
    package static func all(in rows: some Collection<Row>) throws(EventStoreError) -> [StoredEvent] {
        var events: [StoredEvent] = []
        events.reserveCapacity(rows.count)
        var types = RepeatedTexts()
        for row in rows {
            events.append(
                try decoding(row) { row throws(PostgresDecodingError) in try StoredEvent(row, types: &types) })
        }
        return events
    }

    private init(_ row: Row, types: inout RepeatedTexts) throws(PostgresDecodingError) {
        self.init(
            position: GlobalPosition(rawValue: try row.decode(column: 0)),
            version: StreamVersion(rawValue: try row.decode(column: 1)),
            recordedAt: try row.decode(column: 2),
            id: try row.decode(column: 3),
            stream: try row.decode(column: 4) { field throws(PostgresField.Flaw) in
                let text = try String(field: field)
                guard let name = StreamName(text) else {
                    throw .malformed("expected a stream's name, found \"\(text)\"")
                }
                return name
            },
            type: try row.decode(column: 5) { field throws(PostgresField.Flaw) in try types.text(in: field) },
            typeVersion: Int(try row.decode(column: 6, as: Int16.self)),
            payload: try row.decode(column: 7, as: JSON.self).bytes,
            metadata: try row.decode(column: 8) { field throws(PostgresField.Flaw) in
                try field.present().count == 2 ? noMetadata : JSON(field: field).bytes
            })
    }
}

private let noMetadata = Array("{}".utf8)

/// Gives the same few texts again and again without making them anew.
private struct RepeatedTexts {
    private var known: [String] = []

    mutating func text(in field: PostgresField) throws(PostgresField.Flaw) -> String {
        let bytes = try field.present()
        if let text = known.first(where: { $0.isSame(as: bytes) }) { return text }
        let text = try String(field: field)
        if known.count < 16 { known.append(text) }
        return text
    }
}

extension String {
    fileprivate func isSame(as bytes: UnsafeRawBufferPointer) -> Bool {
        utf8.count == bytes.count && utf8.elementsEqual(bytes)
    }
}
