import FoundationEssentials
import Martlet
import Synchronization

/// An event store's memory: what happens to it happens at once and one after the other, under one lock.
final class InMemoryStorage: EventStorage {
    private let log = Mutex(InMemoryLog())
    private let faults: AppendFaults
    private let now: @Sendable () -> Date
    let signal = AppendSignal()

    init(faults: AppendFaults, now: @escaping @Sendable () -> Date) {
        (self.faults, self.now) = (faults, now)
    }

    func append(_ unit: AppendUnit) async -> AppendOutcome {
        guard !Task.isCancelled else { return .failed(.cancelled) }
        switch faults.next() {
        case nil: return await write(unit)
        case .unavailable: return .failed(.database(.simulated(.unableToConnect)))
        case .lostOnTheWay: return .unknown(.simulated(.connectionFailure))
        case .lostAnswer:
            _ = await write(unit)
            return .unknown(.simulated(.connectionFailure))
        }
    }

    /// The clock is asked under the lock, so that time runs as the log does.
    private func write(_ unit: AppendUnit) async -> AppendOutcome {
        let outcome = log.withLock { $0.append(unit, at: now()) }
        if case .committed = outcome { await signal.wake() }
        return outcome
    }

    func readStream(_ stream: StreamName, _ page: StreamPage) async throws(EventStoreError) -> [StoredEvent] {
        log.withLock { log in
            page.direction.take(
                page.limit, beyond: page.from.rawValue, of: log.events(of: stream), where: page.asOf.includes)
        }
    }

    func readSnapshot(
        of stream: StreamName, stateVersion: Int, asOf: AsOf?, limit: Int
    ) async throws(EventStoreError) -> SnapshotPage {
        log.withLock { log in
            let snapshot = log.snapshot(of: stream, stateVersion: stateVersion, where: asOf.includes)
            let events = ReadDirection.forwards.take(
                limit, beyond: snapshot?.version.rawValue ?? 0, of: log.events(of: stream), where: asOf.includes)
            return SnapshotPage(snapshot: snapshot, events: events)
        }
    }

    func writeSnapshots(_ snapshots: [StoredSnapshot]) async throws(EventStoreError) {
        log.withLock { log in
            for snapshot in snapshots { log.keep(snapshot) }
        }
    }

    func readLog(_ page: LogPage) async throws(EventStoreError) -> LogPage.Answer {
        log.withLock { log in page.answer(from: log) }
    }

    func head() async throws(EventStoreError) -> GlobalPosition { log.withLock { $0.head } }

    func close(
        _ stream: StreamName, expecting expected: ExpectedVersion
    ) async throws(EventStoreError) -> CloseOutcome {
        log.withLock { $0.close(stream, expecting: expected) }
    }

    func archive(_ stream: StreamName) async throws(EventStoreError) -> Int? { log.withLock { $0.archive(stream) } }

    func forgetCommands(olderThan age: Duration) async throws(EventStoreError) -> Int {
        log.withLock { $0.forgetCommands(before: now().addingTimeInterval(-(age / .seconds(1)))) }
    }
}

extension LogPage {
    fileprivate func answer(from log: InMemoryLog) -> Answer {
        let found = direction.take(limit, beyond: from.rawValue, of: log.events, where: filter.includes)
        if found.count == limit, let last = found.last { return Answer(events: found, through: last.position) }
        return Answer(events: found, through: direction == .forwards ? max(from, log.head) : .start)
    }
}

extension ReadDirection {
    /// Up to `limit` of the events above a number, or below it when reading backwards; the one of number n is at n - 1.
    fileprivate func take(
        _ limit: Int, beyond number: Int64, of events: some RandomAccessCollection<StoredEvent>,
        where isIncluded: (StoredEvent) -> Bool
    ) -> [StoredEvent] {
        switch self {
        case .forwards:
            Array(events.dropFirst(Int(max(0, number))).lazy.filter(isIncluded).prefix(limit))
        case .backwards:
            Array(events.prefix(Int(max(1, number)) - 1).reversed().lazy.filter(isIncluded).prefix(limit))
        }
    }
}

extension LogFilter {
    fileprivate func includes(_ event: StoredEvent) -> Bool {
        switch self {
        case .all: true
        case .categories(let categories): categories.contains { event.stream.category.hasSameBytes(as: $0) }
        case .types(let types): types.contains { event.type.hasSameBytes(as: $0) }
        case .correlation(let id): event.correlationID?.hasSameBytes(as: id) ?? false
        }
    }
}

extension StoredEvent {
    /// Nil also where the metadata is none of Martlet's.
    fileprivate var correlationID: String? {
        do { return try JSONDecoder().decode(Metadata.self, from: Data(metadata)).correlationID } catch { return nil }
    }
}

extension AsOf? {
    fileprivate func includes(_ event: StoredEvent) -> Bool {
        switch self {
        case nil: true
        case .version(let version): event.version <= version
        case .position(let position): event.position <= position
        case .date(let date): event.recordedAt <= date.inMicroseconds
        }
    }
}

extension PostgresError {
    fileprivate static func simulated(_ state: SQLState) -> PostgresError {
        PostgresError(sqlState: state, message: "the link was lost, because the test had asked for it")
    }
}
