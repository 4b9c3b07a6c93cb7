import MartletDomain
import MartletPostgres

/// The append function's answer, read as one outcome for each unit.
struct AppendVerdict: Sendable {
    /// The log's last position before.
    let head: GlobalPosition
    /// How many events were written.
    private(set) var eventCount = 0
    private(set) var outcomes: [AppendOutcome]
    /// The commands that had been answered before, whose answers are still to be read.
    private(set) var known: [AppendUnit.Command] = []
    private let units: [AppendUnit]

    init(_ rows: Rows, on units: [AppendUnit]) throws(PostgresDecodingError) {
        guard let row = rows.first, rows.count == 1 else {
            throw PostgresDecodingError(column: "*", problem: "expected one row, found \(rows.count)")
        }
        let head: Int64 = try row.decode(column: 0)
        let versions: [Int64] = try row.decode(column: 1)
        let conflictingOrNull: [Int64]? = try row.decode(column: 2)
        let closedOrNull: [Int64]? = try row.decode(column: 3)
        let knownOrNull: [Int64]? = try row.decode(column: 4)
        let streamCount = units.reduce(0) { $0 + $1.streams.count }
        guard versions.count == streamCount else {
            throw PostgresDecodingError(
                column: "versions", problem: "expected \(streamCount) versions, found \(versions.count)")
        }
        (self.units, self.head) = (units, GlobalPosition(rawValue: head))
        let (conflicting, closed, known) = (
            Set(conflictingOrNull ?? []), Set(closedOrNull ?? []), Set(knownOrNull ?? [])
        )
        outcomes = []
        outcomes.reserveCapacity(units.count)
        var (position, stream, command) = (head, 0, 0)
        for unit in units {
            let found = versions[stream..<(stream + unit.streams.count)].map { StreamVersion(rawValue: $0) }
            let numbers = (1...unit.streams.count).map { Int64(stream + $0) }
            stream += unit.streams.count
            command += unit.command == nil ? 0 : 1
            if let asked = unit.command, known.contains(Int64(command)) {
                // A first answer comes before anything else that stands in the way.
                self.known.append(asked)
                outcomes.append(.unknown(.forgottenAnswer(asked.id)))
            } else if let index = numbers.firstIndex(where: closed.contains) {
                outcomes.append(.closed(unit.streams[index].name, at: found[index]))
            } else if let index = numbers.firstIndex(where: conflicting.contains) {
                let refused = unit.streams[index]
                outcomes.append(
                    .conflict(
                        VersionConflict(stream: refused.name, expected: refused.expected, actual: found[index])))
            } else {
                position += Int64(unit.eventCount)
                eventCount += unit.eventCount
                let ends = zip(found, unit.streams).map {
                    StreamVersion(rawValue: $0.rawValue + Int64($1.events.count))
                }
                outcomes.append(.committed(versions: ends, position: GlobalPosition(rawValue: position)))
            }
        }
    }

    var committedCount: Int { outcomes.count { $0.isCommitted } }

    /// The same where what was written is rolled back.
    func failing(_ error: EventStoreError) -> AppendVerdict {
        var failing = self
        failing.outcomes = outcomes.map { $0.isCommitted ? .failed(error) : $0 }
        return failing
    }

    /// The outcomes with the known commands' first answers in place.
    func adding(_ answers: [CommandID: AppendOutcome]) -> [AppendOutcome] {
        zip(units, outcomes).map { unit, outcome in unit.command.flatMap { answers[$0.id] } ?? outcome }
    }
}

extension AppendOutcome {
    fileprivate var isCommitted: Bool {
        if case .committed = self { true } else { false }
    }
}

extension PostgresError {
    fileprivate static func forgottenAnswer(_ id: CommandID) -> PostgresError {
        .unreadableVerdict("the one to command \"\(id)\" was forgotten while it was being read")
    }
}
