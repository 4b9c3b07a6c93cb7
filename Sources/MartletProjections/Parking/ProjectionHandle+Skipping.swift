public import MartletDomain
import MartletEventStore
import MartletPostgres

extension ProjectionHandle {
    /// Decides that the event before which the projection has stopped is never projected; ``resume()`` lets it go on.
    ///
    /// Recorded like what is discarded of a parked key.
    /// - Parameter position: of that event, as the projection's status tells.
    /// - Throws: ``ParkingError``, `EventStoreError`, `PostgresError`.
    public func skip(_ position: GlobalPosition, reason: String, by actor: String) async throws {
        let decision = try OperatedKey.End(discardedFor: reason, by: actor)
        guard let target = try await Builds(writer.declaration, surroundings).find(.live)?.target else {
            throw ParkingError.notStoppedBefore(position, projection: name)
        }
        try await Self.skip(writer, surroundings, target, position, decision)
    }

    private static func skip(
        _ writer: some ReadModelWriter, _ surroundings: ProjectionSurroundings, _ target: BuildTarget,
        _ position: GlobalPosition, _ decision: OperatedKey.End
    ) async throws {
        let name = writer.declaration.name
        guard target.version == writer.declaration.version else {
            throw ParkingError.otherVersion(
                projection: name, live: target.version, declared: writer.declaration.version)
        }
        let before = GlobalPosition(rawValue: max(1, position.rawValue) - 1)
        let stored = try await surroundings.store.logPage(after: before, limit: 1).first
        guard let stored, stored.position == position, let event = writer.route(stored, surroundings.store) else {
            throw ParkingError.notStoppedBefore(position, projection: name)
        }
        let key = OperatedKey(event.key, of: target, by: writer)
        let skipping = Skipping(schema: surroundings.schema, projection: name, key: key)
        try await surroundings.pool.transaction { transaction in
            try await skipping.pass(event, decision, in: transaction)
        }
    }
}

/// One partition's way past an event.
private struct Skipping {
    let schema: SQLIdentifier
    let projection: String
    let key: OperatedKey

    private var partition: Int16 { Int16(key.partition) }

    /// Moves the checkpoint behind the event, and records why in the same transaction.
    ///
    /// The partition's worker had done with everything before the event when it stopped there.
    func pass<Input>(
        _ event: RoutedEvent<Input>, _ end: OperatedKey.End, in transaction: Transaction
    ) async throws {
        let letter = OperatedKey.Letter(position: event.position, eventID: event.stored.id.text)
        key.enqueueLock(in: transaction)
        let stopped = try await transaction.query(
            """
            SELECT state FROM \(schema).projections
            WHERE projection = \(projection) AND state = 'stopped' AND stopped_partition = \(partition)
                AND stopped_position = \(event.position.rawValue) FOR SHARE
            """)
        let moved = try await transaction.query(
            """
            UPDATE \(schema).projection_partitions p
            SET position = \(event.position.rawValue), event_position = \(event.position.rawValue),
                event_id = \(event.stored.id)
            WHERE p.build = \(key.target.build) AND p.partition = \(partition)
                AND p.position < \(event.position.rawValue)
            RETURNING p.position
            """)
        guard !stopped.isEmpty, !moved.isEmpty else {
            throw ParkingError.notStoppedBefore(event.position, projection: projection)
        }
        DeadLetters(target: key.target, partition: key.partition).enqueueParking(
            of: event, after: 0, problem: "skipped before it was parked", in: transaction)
        key.enqueueEnd(of: letter, end, in: transaction)
    }
}
