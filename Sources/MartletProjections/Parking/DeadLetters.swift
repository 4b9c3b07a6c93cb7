import MartletDomain
import MartletEventStore
import MartletPostgres

/// The events of one partition that could not be projected, and those that wait behind them.
struct DeadLetters: Sendable {
    let target: BuildTarget
    let partition: Int

    /// The keys of which events are parked.
    func exactKeys(in transaction: Transaction) async throws -> Set<ExactText> {
        let rows = try await transaction.query(
            """
            SELECT DISTINCT key FROM \(target.schema).dead_letters
            WHERE build = \(target.build) AND partition = \(Int16(partition)) AND state = 'parked'
            """)
        return Set(try rows.map { row in ExactText(try row.decode(String.self)) })
    }

    /// The keys where those that Swift takes for equal may wait for each other.
    func parkedKeys(in transaction: Transaction) async throws -> Set<String> {
        Set(try await exactKeys(in: transaction).map(\.text))
    }

    /// Leaves the statement that writes down events which wait behind a parked one.
    func enqueueWaiting<Input>(_ events: [RoutedEvent<Input>], in transaction: Transaction) {
        guard !events.isEmpty else { return }
        transaction.enqueue(insertion(of: events, attempts: 0, problem: nil))
    }

    /// Leaves the statement that parks an event and its key.
    func enqueueParking<Input>(
        of event: RoutedEvent<Input>, after attempts: Int, problem: String, in transaction: Transaction
    ) {
        transaction.enqueue(insertion(of: [event], attempts: attempts, problem: problem))
    }

    private func insertion<Input>(of events: [RoutedEvent<Input>], attempts: Int, problem: String?) -> SQL {
        """
        INSERT INTO \(target.schema).dead_letters
            (build, position, event_id, attempts, partition, stream_id, type, key, problem)
        SELECT \(target.build), e.position, e.event_id, \(Int32(clamping: attempts)), \(Int16(partition)), e.stream_id,
            e.type, e.key, \(problem)
        FROM unnest(
            \(events.map(\.position.rawValue)), \(events.map(\.stored.id)), \(events.map(\.stored.stream.description)),
            \(events.map(\.stored.type)), \(events.map(\.key))
        ) AS e (position, event_id, stream_id, type, key)
        """
    }
}
