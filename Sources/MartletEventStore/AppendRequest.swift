import FoundationEssentials
import MartletDomain
import MartletPostgres

/// One append as the append function takes it: encoded, with its events' ids chosen.
///
/// The ids stay the same however often the request is sent, which is what settles an unknown outcome.
struct AppendRequest: Sendable {
    struct Event: Sendable {
        let id: UUID
        let type: String
        let payload: JSON
        let metadata: JSON
    }

    let stream: StreamName
    let expected: ExpectedVersion
    let events: [Event]

    /// - Throws: ``EventStoreError`` when the name, the events or the metadata cannot be stored.
    init<A: Aggregate>(
        _ events: [A.Event], to id: StreamID<A>, expecting expected: ExpectedVersion, metadata: Metadata,
        codec: EventCodec
    ) throws(EventStoreError) {
        let name = id.name
        if let flaw = name.flaw { throw .invalidStream(name, flaw: flaw) }
        guard !events.isEmpty else { throw .nothingToAppend(name) }
        let metadata = JSON(bytes: try codec.encode(metadata, to: name))
        stream = name
        self.expected = expected
        self.events = try events.map { event throws(EventStoreError) in
            let encoded = try codec.encode(event, to: id)
            return Event(
                id: .version7(), type: encoded.type, payload: JSON(bytes: encoded.payload), metadata: metadata)
        }
    }

    /// Of what varies without bound.
    var byteCount: Int { events.reduce(0) { $0 + $1.payload.bytes.count + $1.metadata.bytes.count } }

    /// The one version after which the events can stand, if the expectation names one: then sending twice is harmless.
    var exactVersion: StreamVersion? {
        switch expected {
        case .exactly(let version): version
        case .noStream: StreamVersion.none
        case .any, .exists: nil
        }
    }
}

/// How one request ended.
enum AppendOutcome: Sendable {
    case committed(Receipt)
    case conflict(actual: StreamVersion)
    case unknown(PostgresError)
    /// Nothing was written.
    case failed(PostgresError)
}

extension PostgresError {
    /// Committed or not, in words that nobody understands.
    static func unreadableVerdict(_ problem: String) -> PostgresError {
        PostgresError(sqlState: .protocolViolation, message: "the append function's answer: \(problem)")
    }
}

extension SQL {
    /// The one call that writes events; answers a row per request, in their order.
    static func append(_ requests: [AppendRequest], schema: SQLIdentifier) -> SQL {
        let events = requests.enumerated().flatMap { index, request in request.events.map { (index + 1, $0) } }
        return """
            SELECT last_version, last_position FROM \(schema).append(\(requests.map(\.stream.description)), \
            \(requests.map(\.expected.code)), \(events.map { Int32(truncatingIfNeeded: $0.0) }), \
            \(events.map(\.1.id)), \(events.map(\.1.type)), \(events.map(\.1.payload)), \(events.map(\.1.metadata)))
            """
    }
}

extension ExpectedVersion {
    /// As the append function takes it.
    fileprivate var code: Int64 {
        switch self {
        case .any: -1
        case .exists: -2
        case .noStream: 0
        // A version below zero was never a stream's; the least number says so without meaning "any" or "exists".
        case .exactly(let version): version.rawValue < 0 ? .min : version.rawValue
        }
    }
}
