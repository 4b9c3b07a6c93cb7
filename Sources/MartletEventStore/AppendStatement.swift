import FoundationEssentials
import MartletDomain
import MartletPostgres

extension SQL {
    /// The one call that writes events, for units of which no two name the same stream or command.
    static func append(_ units: [AppendUnit], schema: SQLIdentifier) -> SQL {
        let batch = AppendBatch(units)
        return """
            SELECT head, versions, conflicting, closed, known FROM \(schema).append(
            \(batch.streamIDs), \(batch.expected), \(batch.unitOf), \(batch.counts), \
            \(batch.streamOf), \(batch.ordinals), \(batch.events.map { $0.id }), \(batch.events.map { $0.type }), \
            \(batch.events.map { $0.typeVersion }), \(batch.events.map { JSON(bytes: $0.payload) }), \
            \(batch.events.map { JSON(bytes: $0.metadata) }), \
            \(batch.commands.map { $0.id.rawValue }), \(batch.firstStreams), \(batch.lastStreams), \
            \(batch.commands.map { Data($0.body) }), \(batch.commands.map { $0.rejection.map { JSON(bytes: $0) } }))
            """
    }
}

/// Units laid out as the append function takes them: side by side, with numbers from 1 in place of nesting.
private struct AppendBatch {
    var streamIDs: [String] = []
    var expected: [Int64] = []
    var unitOf: [Int32] = []
    var counts: [Int32] = []
    var streamOf: [Int32] = []
    var ordinals: [Int32] = []
    var events: [AppendUnit.Event] = []
    var commands: [AppendUnit.Command] = []
    var firstStreams: [Int32] = []
    var lastStreams: [Int32] = []

    init(_ units: [AppendUnit]) {
        for (index, unit) in units.enumerated() {
            let first = streamIDs.count + 1
            for stream in unit.streams { add(stream, unit: index + 1) }
            guard let command = unit.command else { continue }
            commands.append(command)
            firstStreams.append(Int32(first))
            lastStreams.append(Int32(streamIDs.count))
        }
    }

    private mutating func add(_ stream: AppendUnit.Stream, unit: Int) {
        streamIDs.append(stream.id)
        expected.append(stream.expected.code)
        unitOf.append(Int32(unit))
        counts.append(Int32(stream.events.count))
        for (index, event) in stream.events.enumerated() {
            streamOf.append(Int32(streamIDs.count))
            ordinals.append(Int32(index + 1))
            events.append(event)
        }
    }
}

extension ExpectedVersion {
    /// As the append function takes it.
    var code: Int64 {
        switch self {
        case .any: -1
        case .exists: -2
        case .noStream: 0
        // A version below zero was never a stream's; the least number says so without meaning "any" or "exists".
        case .exactly(let version): version.rawValue < 0 ? .min : version.rawValue
        }
    }
}
