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
    private var waiting: [RoutedEvent<P.Input>] = []
    private var parked: Set<String>?
    private var position: GlobalPosition
    /// Everything up to here is folded.
    private var folded: GlobalPosition
    private var last: StoredEvent?

    init(_ projection: P, at place: FillPlace) {
        (self.projection, self.place) = (projection, place)
        (position, folded) = (place.lease.position, place.lease.position)
        sample = KeySample(projection, size: place.sampleSize)
        // Before the first event of a partition the table has no row of it.
        rows.isWhole = position == .start
    }

    package var memory: Int { rows.memory + waiting.count * 1000 }

    package func take(_ events: [RoutedEvent<P.Input>], upTo through: GlobalPosition) async throws {
        sample.take(events)
        try await load(for: events)
        if parked == nil { parked = position == .start ? [] : try await place.parkedKeys() }
        for event in events {
            if let parked, !parked.isEmpty, parked.contains(event.key) {
                waiting.append(event)
            } else {
                do { try fold(event) } catch { return try await overcome(event, upTo: through) }
            }
            last = event.stored
        }
        folded = through
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

    /// Writes what stands before the event, and lets a worker see to it.
    private func overcome(_ event: RoutedEvent<P.Input>, upTo through: GlobalPosition) async throws {
        folded = GlobalPosition(rawValue: event.position.rawValue - 1)
        try await flush(forgetting: true)
        rows.isWhole = false
        try await place.overcome(from: position, upTo: through, TableWriter(projection))
        (position, folded) = (through, through)
        parked = try await place.parkedKeys()
    }

    package func flush(forgetting: Bool) async throws {
        if folded > position {
            let (rows, waiting, place, statements) = (rows, waiting, place, statements)
            try await place.commit(from: position, to: folded, last: last) { transaction in
                place.deadLetters.enqueueWaiting(waiting, in: transaction)
                try await rows.write(by: statements, in: transaction)
            }
            position = folded
        }
        waiting = []
        rows.wereWritten(forgetting: forgetting)
    }

    package func restartSample() { sample = KeySample(projection, size: place.sampleSize) }

    package func recall(_ events: [RoutedEvent<P.Input>]) { sample.take(events) }

    package func checkSample() async throws -> SampleVerdict? {
        let (sample, tables) = (sample, place.target.tables)
        return try await place.surroundings.pool.transaction { transaction in
            transaction.enqueue(Checkpoint.settings(tables: tables))
            return try await sample.check(in: transaction)
        }
    }
}
