import MartletDomain
import MartletEventStore
import MartletPostgres

/// The projections that commit with every append: each is moved from its checkpoint to the log's new end, in the
/// transaction of the append and under the log's lock.
package struct InlineProjections: InlineEffects {
    private let writers: [any ReadModelWriter]
    /// For what its writers ask of events; nothing is appended through it.
    private let store: EventStore
    private let schema: SQLIdentifier
    private let tables: SQLIdentifier

    /// Nil without any, so that appends go on as they do.
    package init?(_ projections: [ProjectionHandle]) {
        guard let surroundings = projections.first?.surroundings else { return nil }
        writers = projections.map(\.writer)
        (store, schema) = (surroundings.store, surroundings.schema)
        tables = surroundings.tables(of: .live)
    }

    package func inquiries(events count: Int) -> [SQL] {
        let names = writers.map(\.declaration.name)
        return [
            Checkpoint.settings(tables: tables), Self.limits,
            InlinePlace.locking(names, schema: schema), InlinePlace.places(of: names, schema: schema),
            InlinePlace.events(after: names, atMost: InlinePlace.mostBehind + count, schema: schema),
        ]
    }

    /// Whoever has the log's lock keeps all others waiting. A client that is frozen, or has gone, loses it after this
    /// time: long beside the pauses of a process that lives, and short beside the 2 s that others wait for the lock.
    private static var limits: SQL {
        """
        SELECT set_config('idle_in_transaction_session_timeout', '1s', true),
            set_config('lock_timeout', '1s', true)
        """
    }

    package func write(
        _ answers: [Rows], after head: GlobalPosition, events count: Int, in transaction: Transaction
    ) async throws {
        let held: [Int64] = try answers[2].map { row in try row.decode(column: 0) }
        let places = try InlinePlace.all(in: answers[3])
        let events = try StoredEvent.all(in: answers[4])
        for writer in writers {
            let place = try self.place(of: writer.declaration, in: places, held, head)
            let step = Step(
                place: place, head: head, end: GlobalPosition(rawValue: head.rawValue + Int64(count)), events: events)
            try await write(step, by: writer, in: transaction)
        }
    }

    private func place(
        of declaration: ReadModelDeclaration, in places: [String: InlinePlace], _ held: [Int64],
        _ head: GlobalPosition
    ) throws -> InlinePlace {
        let name = declaration.name
        func halted(_ reason: String) -> InlineRefusal { .ofEverything(.inlineProjectionHalted(name, reason: reason)) }
        guard let place = places[name] else { throw halted("its tables have not been made; see migrate()") }
        if let reason = place.halt { throw halted(reason) }
        guard place.version == declaration.version else {
            throw halted("version \(place.version) is live, and this program has version \(declaration.version)")
        }
        guard place.partitions == 1 else {
            throw halted("its live build has \(place.partitions) partitions, and one is needed: raise its version")
        }
        guard place.position <= head else {
            throw InlineRefusal.ofEverything(
                .corrupt("projection \"\(name)\" is at position \(place.position), the log at \(head)"))
        }
        guard head.rawValue - place.position.rawValue <= InlinePlace.mostBehind else {
            throw InlineRefusal.ofEverything(
                .inlineProjectionBehind(name, position: place.position, head: head))
        }
        // A worker, an operator, or a swap of builds has it.
        guard held.contains(place.build) else {
            throw InlineRefusal.ofTheMoment(
                .inlineProjectionBehind(name, position: place.position, head: head))
        }
        return place
    }

    /// From where a projection stands to the log's new end.
    private struct Step {
        let place: InlinePlace
        /// The log's last position before the append.
        let head: GlobalPosition
        let end: GlobalPosition
        let events: ArraySlice<StoredEvent>

        init(place: InlinePlace, head: GlobalPosition, end: GlobalPosition, events: [StoredEvent]) {
            (self.place, self.head, self.end) = (place, head, end)
            self.events = events.drop { $0.position <= place.position }
        }

        /// The first position that is missing.
        var gap: (expected: GlobalPosition, found: GlobalPosition)? {
            var expected = place.position.rawValue
            for event in events {
                expected += 1
                if event.position.rawValue != expected {
                    return (GlobalPosition(rawValue: expected), event.position)
                }
            }
            return expected == end.rawValue ? nil : (GlobalPosition(rawValue: expected + 1), .start)
        }
    }

    private func write(_ step: Step, by writer: some ReadModelWriter, in transaction: Transaction) async throws {
        if let (expected, found) = step.gap {
            throw InlineRefusal.ofEverything(.hole(expected: expected, found: found))
        }
        let name = writer.declaration.name
        transaction.enqueue(step.place.move(to: step.end, last: step.events.last, schema: schema))
        do {
            try await project(step.events.prefix { $0.position <= step.head }, by: writer, in: transaction)
        } catch let error where error.isOfTheProjection {
            // No event of this append's.
            let refusal = InlineRefusal.ofEverything(
                .inlineProjectionHalted(name, reason: "it cannot be caught up: \(error)"))
            throw error is Stalled ? .ofDelay(refusal) : refusal
        }
        do {
            try await project(step.events.drop { $0.position <= step.head }, by: writer, in: transaction)
        } catch let error where error.isOfTheProjection {
            let refusal = InlineRefusal.ofEvents(ProjectionRefusal(projection: name, cause: error))
            throw error is Stalled ? .ofDelay(refusal) : refusal
        }
    }

    private func project(
        _ events: ArraySlice<StoredEvent>, by writer: some ReadModelWriter, in transaction: Transaction
    ) async throws {
        let routed = events.compactMap { writer.route($0, store) }
        guard !routed.isEmpty else { return }
        do {
            try await writer.write(routed, in: transaction)
        } catch let error as PostgresError where error.sqlState == .idleInTransactionTimeout {
            throw Stalled()
        }
    }

    /// The database has ended a transaction in which nothing was asked of it for too long.
    private struct Stalled: Error, CustomStringConvertible {
        let description = "it kept the log's lock for more than a second without a word to the database"
    }
}

extension Error {
    /// Whether the projection has thrown it, or the database has refused what it wrote.
    fileprivate var isOfTheProjection: Bool {
        guard let error = self as? PostgresError else { return true }
        return !error.isUnavailability && !error.isOfTheMoment
    }
}
