import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletJSON
import MartletPostgres
import MartletProjections

/// The instances that a batch of inputs is for: read once, moved in memory, written once.
struct InstanceBatch<P: ProcessManager> {
    typealias ID = Journal<P>.ID

    private let surroundings: ProcessSurroundings<P>
    private let build: Int64
    private let partitions: Int
    private var instances: [ID: Instance] = [:]
    /// Of those that were moved: the position of the last input.
    private var moved: [ID: GlobalPosition] = [:]
    private var issued = IssuedRows()
    private var reissued: [(ID, Int)] = []
    private var ended: [(ID, Int)] = []
    private var timers: [TimerKey: (number: Int, due: TimerDue)?] = [:]
    private var history = HistoryRows()

    private struct TimerKey: Hashable {
        let instance: ID
        let timer: TimerName
    }

    init(_ ids: Set<ID>, _ surroundings: ProcessSurroundings<P>, in transaction: Transaction) async throws {
        self.surroundings = surroundings
        let rows = try await transaction.query(
            """
            SELECT b.build, b.partitions, i.instance, i.state_version, i.status, i.reason, i.phase, i.state, i.book
            FROM \(surroundings.schema).projection_builds b
            LEFT JOIN \(surroundings.schema).process_instances i
                ON i.build = b.build AND i.instance = ANY (\(ids.map(\.key)))
            WHERE b.projection = \(P.name) AND b.stage = 'live'
            """)
        guard let first = rows.first else { throw ProjectionError.unknown(P.name) }
        build = try first.decode("build")
        partitions = Int(try first.decode("partitions", as: Int16.self))
        for row in rows {
            guard let key = try row.decode("instance", as: String?.self) else { continue }
            instances[ID(key)] = try Instance(row, of: P.name)
        }
    }

    /// Moves the input's instance.
    mutating func take(
        _ input: Incoming<P>, _ stored: StoredEvent, on id: ID, by reactor: Reactor<P.Input>
    ) throws {
        let before = instances[id]
        let reaction =
            switch input {
            case .event(let event): try reactor.take(event, at: stored.recordedAt, &instances[id])
            case .journal(let recorded): try reactor.take(recorded.event, at: stored.recordedAt, &instances[id])
            }
        guard let instance = instances[id] else { return }
        moved[id] = stored.position
        let metadata = try PayloadEncoder().encode(surroundings.store.consequence(of: stored))
        for change in reaction.changes { apply(change, to: id, metadata) }
        try history.add(input.label(stored.type), reaction, id.key, stored.position, before?.phase, instance)
    }

    private mutating func apply(_ change: Reaction.Change, to id: ID, _ metadata: [UInt8]) {
        switch change {
        case .issued(let effect):
            issued.add(effect, of: id.key, in: id.key.asEventKey.partition(of: partitions), metadata)
        case .reissued(let number): reissued.append((id, number))
        case .ended(let number): ended.append((id, number))
        case .startedTimer(let timer, let number, let due):
            timers[TimerKey(instance: id, timer: timer)] = .some((number, due))
        case .endedTimer(let timer): timers[TimerKey(instance: id, timer: timer)] = .some(nil)
        case .closed: break
        }
    }

    /// Leaves the statements that write what has come of it.
    func enqueueChanges(in transaction: Transaction) throws {
        guard !moved.isEmpty else { return }
        transaction.enqueue(try upsertion())
        if let insertion = issued.insertion(build, surroundings.schema) { transaction.enqueue(insertion) }
        if !reissued.isEmpty { transaction.enqueue(reissue) }
        if !ended.isEmpty { transaction.enqueue(deletion) }
        enqueueTimers(in: transaction)
        transaction.enqueue(history.insertion(build, surroundings.schema))
    }

    private func upsertion() throws -> SQL {
        let rows = moved.map { id, position in (id: id, position: position, instance: instances[id]) }
            .compactMap { row in row.instance.map { (row.id, row.position, $0) } }
        let books = try rows.map { JSON(bytes: try PayloadEncoder().encode($0.2.book)) }
        return """
            INSERT INTO \(surroundings.schema).process_instances AS i
                (build, position, state_version, partition, instance, status, phase, reason, state, book, ended_at)
            SELECT \(build), n.position, n.state_version, n.partition, n.instance, n.status, n.phase, n.reason, n.state,
                n.book, CASE WHEN n.is_end THEN clock_timestamp() END
            FROM unnest(
                \(rows.map(\.1.rawValue)), \(rows.map { Int32(clamping: $0.2.stateVersion) }),
                \(rows.map { Int16($0.0.key.asEventKey.partition(of: partitions)) }), \(rows.map(\.0.key)),
                \(rows.map(\.2.status.rawValue)), \(rows.map { $0.2.phase.storable }),
                \(rows.map { $0.2.reason?.storable }), \(rows.map { JSON(bytes: $0.2.state) }), \(books),
                \(rows.map(\.2.status.isEnd))
            ) AS n (position, state_version, partition, instance, status, phase, reason, state, book, is_end)
            ON CONFLICT ON CONSTRAINT process_instances_pkey DO UPDATE
            SET position = EXCLUDED.position, changed_at = clock_timestamp(),
                ended_at = coalesce(i.ended_at, EXCLUDED.ended_at), state_version = EXCLUDED.state_version,
                status = EXCLUDED.status, phase = EXCLUDED.phase, reason = EXCLUDED.reason, state = EXCLUDED.state,
                book = EXCLUDED.book
            """
    }

    /// In a new round where an answer stands in its way, and behind all that was issued so far.
    private var reissue: SQL {
        """
        UPDATE \(surroundings.schema).process_effects e
        SET effect = DEFAULT, attempts = 0, next_try_at = NULL, parked_at = NULL, is_refused = false, problem = NULL,
            round = e.round + CASE WHEN e.is_refused THEN 1 ELSE 0 END
        FROM unnest(\(reissued.map(\.0.key)), \(reissued.map { Int32(clamping: $0.1) })) AS r (instance, number)
        WHERE e.build = \(build) AND e.instance = r.instance AND e.number = r.number AND e.parked_at IS NOT NULL
        """
    }

    private var deletion: SQL {
        """
        SELECT \(surroundings.schema).end_effects(
            \(build), \(ended.map(\.0.key)), \(ended.map { Int32(clamping: $0.1) }))
        """
    }

    private func enqueueTimers(in transaction: Transaction) {
        let over = timers.filter { $0.value == nil }.map(\.key)
        if !over.isEmpty {
            transaction.enqueue(
                """
                SELECT \(surroundings.schema).end_timers(
                    \(build), \(over.map(\.instance.key)), \(over.map(\.timer.rawValue)))
                """)
        }
        let started = timers.compactMap { key, value in value.map { (key: key, number: $0.number, due: $0.due) } }
        guard !started.isEmpty else { return }
        transaction.enqueue(
            """
            INSERT INTO \(surroundings.schema).process_timers AS t
                (build, due_at, number, partition, instance, timer)
            SELECT \(build), coalesce(s.at, \(surroundings.time.now()) + s.after * interval '1 ms'), s.number,
                s.partition, s.instance, s.timer
            FROM unnest(
                \(started.map(\.due.moment)), \(started.map(\.due.milliseconds)),
                \(started.map { Int32(clamping: $0.number) }),
                \(started.map { Int16($0.key.instance.key.asEventKey.partition(of: partitions)) }),
                \(started.map(\.key.instance.key)), \(started.map(\.key.timer.rawValue))
            ) AS s (at, after, number, partition, instance, timer)
            ON CONFLICT ON CONSTRAINT process_timers_pkey DO UPDATE
            SET due_at = EXCLUDED.due_at, number = EXCLUDED.number, started_at = clock_timestamp(), fired_at = NULL
            """)
    }
}

extension TimerDue {
    /// In the year 1 at the earliest, with which the journal's dates begin: what was due before is due at once, too.
    fileprivate var moment: Date? {
        guard case .at(let moment) = self else { return nil }
        return max(moment, Date(timeIntervalSinceReferenceDate: -63_113_904_000))
    }

    /// A thousand years at most, which every clock can add.
    fileprivate var milliseconds: Int64? {
        guard case .after(let delay) = self else { return nil }
        return Int64((min(delay, .seconds(1000 * 366 * 86_400)) / .milliseconds(1)).rounded(.up))
    }
}

extension String {
    /// As PostgreSQL's texts can hold it.
    var storable: String { utf8.contains(0) ? split(separator: "\0").joined(separator: " ") : self }
}
