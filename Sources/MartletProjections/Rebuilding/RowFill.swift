import MartletDomain
import MartletEventStore
import MartletPostgres

/// Folds a partition's rows in memory and writes them in bulk: those that are new to the table by COPY.
package actor RowFill<P: TableProjection>: PartitionFill {
    private let projection: P
    private let place: FillPlace
    private let statements = TableStatements(P.Row.table)
    private var rows = FoldedRows<P.Row>()
    private var sample: KeySample<P>
    private var waiting = WaitingEvents<P.Input>()
    private var parked: Set<String>?
    private var position: GlobalPosition
    /// Everything up to here is folded; nil when that is what is committed.
    private var last: StoredEvent?
    private var isSuspect: Bool

    init(_ projection: P, at place: FillPlace) {
        (self.projection, self.place) = (projection, place)
        (position, isSuspect) = (place.lease.position, place.lease.isSuspect)
        sample = KeySample(projection, size: place.sampleSize)
        // Before the first event of a partition the table has no row of it.
        rows.isWhole = position == .start
    }

    package var memory: Int { rows.memory + waiting.memory }

    package func take(_ events: [RoutedEvent<P.Input>], upTo end: StoredEvent) async throws {
        if isSuspect, !events.isEmpty {
            isSuspect = false
            try await overcome(upTo: end, isSuspect: true)
            return sample.take(events)
        }
        if parked == nil { try await learnParked() }
        sample.take(events)
        try await load(for: events)
        for event in events {
            if let parked, !parked.isEmpty, parked.contains(event.key) {
                waiting.append(event)
            } else {
                do { try fold(event) } catch {
                    try await flush(forgetting: true)
                    return try await overcome(upTo: end)
                }
            }
            last = event.stored
        }
        last = end
    }

    private func fold(_ event: RoutedEvent<P.Input>) throws {
        let input = try event.input.get()
        guard let key = projection.key(of: input) else { return }
        try rows.change(key) { row in try projection.fold(input, into: &row, at: key) }
    }

    /// Reads the rows that may be in the table and are not in memory.
    private func load(for events: [RoutedEvent<P.Input>]) async throws {
        guard !rows.isWhole else { return }
        let keys = rows.unknown(
            events.lazy.compactMap { [projection] event in
                if case .success(let input) = event.input { projection.key(of: input) } else { nil }
            })
        guard !keys.isEmpty else { return }
        let (statements, tables) = (statements, place.target.tables)
        let found = try await place.surroundings.pool.transaction { transaction in
            transaction.enqueue(Checkpoint.settings(tables: tables))
            return try await statements.rows(of: keys, in: transaction)
        }
        rows.learn(keys, found)
    }

    /// Forgets what is not committed, and lets a worker see to all of it up to the end.
    private func overcome(upTo end: StoredEvent, isSuspect: Bool = false) async throws {
        (rows, waiting) = (FoldedRows(), WaitingEvents())
        try await place.overcome(
            from: position, upTo: end.position, isSuspect: isSuspect, TableWriter(projection))
        (position, last) = (end.position, nil)
        try await learnParked()
    }

    private func learnParked() async throws {
        let keys = try await place.parkedKeys()
        parked = keys
        sample.exclude(keys)
    }

    package func flush(forgetting: Bool) async throws {
        if let last, last.position > position {
            // What came out of many events may be what the database does not take.
            do { try await commit(upTo: last) } catch let error where error.isOfTheEvent {
                return try await overcome(upTo: last)
            }
        }
        waiting = WaitingEvents()
        rows.wereWritten(forgetting: forgetting)
    }

    private func commit(upTo last: StoredEvent) async throws {
        let (rows, waiting, place, statements) = (rows, waiting, place, statements)
        try await place.commit(from: position, upTo: last) { transaction in
            // Rows of two statements may exchange what is unique.
            transaction.enqueue("SET CONSTRAINTS ALL DEFERRED")
            place.deadLetters.enqueueWaiting(waiting.events, in: transaction)
            try await rows.write(by: statements, in: transaction)
        }
        (position, self.last) = (last.position, nil)
    }

    package func restartSample() async throws {
        sample = KeySample(projection, size: place.sampleSize)
        try await learnParked()
    }

    package func recall(_ events: [RoutedEvent<P.Input>]) { sample.take(events) }

    package func checkSample() async throws -> SampleVerdict? {
        let (sample, tables) = (sample, place.target.tables)
        return try await place.surroundings.pool.transaction { transaction in
            transaction.enqueue(Checkpoint.settings(tables: tables))
            return try await sample.check(in: transaction)
        }
    }
}

/// Events that wait behind a parked one and are not written down yet.
private struct WaitingEvents<Input: Sendable>: Sendable {
    private(set) var events: [RoutedEvent<Input>] = []
    /// In bytes, about.
    private(set) var memory = 0

    mutating func append(_ event: RoutedEvent<Input>) {
        events.append(event)
        memory += event.stored.size + 1000
    }
}
