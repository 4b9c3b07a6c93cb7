import FoundationEssentials
import Martlet

/// All that an event store keeps, as plain data: what PostgreSQL's tables and functions do under the lock of appends.
struct InMemoryLog {
    /// The event at position n stands at n - 1.
    private(set) var events: [StoredEvent] = []
    private var streams: [StreamName: Stream] = [:]
    private var commands: [CommandID: Kept] = [:]
    private var snapshots: [StreamName: StoredSnapshot] = [:]

    private struct Stream {
        /// Where its events stand in the log: the one of version n at n - 1.
        var positions: [GlobalPosition] = []
        var isClosed = false
        /// How many of its events, from the first, are out of the way.
        var archivedCount = 0

        var version: StreamVersion { StreamVersion(rawValue: Int64(positions.count)) }
    }

    fileprivate struct Kept {
        let body: [UInt8]
        let recordedAt: Date
        let versions: [StreamVersion]
        let position: GlobalPosition
        let rejection: [UInt8]?
    }

    var head: GlobalPosition { GlobalPosition(rawValue: Int64(events.count)) }

    /// A command's first answer comes before anything else that stands in the way, then closed streams, then conflicts.
    mutating func append(_ unit: AppendUnit, at now: Date) -> AppendOutcome {
        if let asked = unit.command, let kept = commands[asked.id] { return kept.answer(to: asked) }
        for stream in unit.streams where self[stream.name].isClosed && !stream.events.isEmpty {
            return .closed(stream.name, at: self[stream.name].version)
        }
        for stream in unit.streams where !stream.expected.holds(at: self[stream.name].version) {
            return .conflict(
                VersionConflict(stream: stream.name, expected: stream.expected, actual: self[stream.name].version))
        }
        // The clock may be set back; the log's time is not.
        let recordedAt = max(now.inMicroseconds, events.last?.recordedAt ?? .distantPast)
        for stream in unit.streams { write(stream, at: recordedAt) }
        let versions = unit.streams.map { self[$0.name].version }
        if let asked = unit.command {
            commands[asked.id] = Kept(
                body: asked.body, recordedAt: recordedAt, versions: versions, position: head,
                rejection: asked.rejection)
        }
        return .committed(versions: versions, position: head)
    }

    private mutating func write(_ stream: AppendUnit.Stream, at recordedAt: Date) {
        for event in stream.events {
            let position = GlobalPosition(rawValue: head.rawValue + 1)
            streams[stream.name, default: Stream()].positions.append(position)
            events.append(
                StoredEvent(
                    position: position, version: self[stream.name].version, recordedAt: recordedAt, id: event.id,
                    stream: stream.name, type: event.type, typeVersion: Int(event.typeVersion),
                    payload: event.payload, metadata: event.metadata))
        }
    }

    mutating func close(_ stream: StreamName, expecting expected: ExpectedVersion) -> CloseOutcome {
        let version = self[stream].version
        guard self[stream].isClosed || expected.holds(at: version) else { return .conflict(actual: version) }
        streams[stream, default: Stream()].isClosed = true
        return .closed(at: version)
    }

    /// The log's last event stays where it is, as in PostgreSQL's table.
    mutating func archive(_ stream: StreamName) -> Int? {
        guard self[stream].isClosed else { return nil }
        let movable = self[stream].positions.count(where: { $0 < head })
        let moved = movable - self[stream].archivedCount
        streams[stream]?.archivedCount = movable
        return moved
    }

    mutating func forgetCommands(before instant: Date) -> Int {
        let old = commands.filter { $0.value.recordedAt < instant }.keys
        for id in old { commands[id] = nil }
        return old.count
    }

    /// The stream's snapshot, if its event stands where it was taken and is one that `isIncluded` lets pass.
    func snapshot(
        of stream: StreamName, stateVersion: Int, where isIncluded: (StoredEvent) -> Bool
    ) -> StoredSnapshot? {
        guard let kept = snapshots[stream], kept.stateVersion == stateVersion, let event = event(of: kept),
            isIncluded(event)
        else { return nil }
        return kept
    }

    /// What is kept moves forward only, unless its event is not there.
    mutating func keep(_ snapshot: StoredSnapshot) {
        if let kept = snapshots[snapshot.stream] {
            let isFurther = (kept.stateVersion, kept.version) <= (snapshot.stateVersion, snapshot.version)
            let isUseless = kept.stateVersion <= snapshot.stateVersion && event(of: kept) == nil
            guard isFurther || isUseless else { return }
        }
        snapshots[snapshot.stream] = snapshot
    }

    private func event(of snapshot: StoredSnapshot) -> StoredEvent? {
        events(of: snapshot.stream).dropFirst(max(0, Int(snapshot.version.rawValue) - 1)).first.flatMap { event in
            event.version == snapshot.version && event.position == snapshot.position ? event : nil
        }
    }

    /// A stream's events in order: the one of version n at n - 1.
    func events(of stream: StreamName) -> some RandomAccessCollection<StoredEvent> {
        self[stream].positions.lazy.map { events[Int($0.rawValue) - 1] }
    }

    private subscript(stream: StreamName) -> Stream { streams[stream] ?? Stream() }
}

extension InMemoryLog.Kept {
    func answer(to asked: AppendUnit.Command) -> AppendOutcome {
        .repeated(
            CommandAnswer(
                versions: versions, position: position, rejection: rejection, isSameBody: body == asked.body))
    }
}

extension ExpectedVersion {
    /// Whether a stream at this version is as expected.
    func holds(at version: StreamVersion) -> Bool {
        switch self {
        case .any: true
        case .noStream: version == .none
        case .exists: version > .none
        case .exactly(let expected): version == expected
        }
    }
}

extension Date {
    /// As PostgreSQL keeps it.
    var inMicroseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1_000_000).rounded() / 1_000_000)
    }
}
