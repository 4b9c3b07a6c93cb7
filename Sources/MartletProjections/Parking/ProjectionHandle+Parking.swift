public import MartletDomain
import MartletEventStore
import MartletPostgres

/// What an operator does about parked events, from any process, whether or not it runs the projection.
extension ProjectionHandle {
    /// The keys of which events are parked, the one that has been parked for longest first.
    /// - Throws: `PostgresError`.
    public func parkedKeys() async throws -> [ParkedKey] { try await parked.keys() }

    /// The parked events of a key in the order of the log, with their payloads; the first is the one that failed.
    /// - Parameters:
    ///   - position: only those after it.
    ///   - limit: the most at once.
    /// - Throws: `PostgresError`.
    public func parkedEvents(
        of key: String, after position: GlobalPosition = .start, limit: Int = 100
    ) async throws -> [ParkedEvent] { try await parked.events(of: key, after: position, limit: limit) }

    /// Projects what is parked of a key in its order, until it fails again or the key goes on with the others.
    ///
    /// Each event commits by itself, with its effect. Events of the key that come meanwhile wait behind it as before.
    /// Works on a projection that is paused or has stopped, too.
    /// - Throws: ``ParkingError``, `EventStoreError`, `PostgresError`; what had taken effect before stays so.
    @discardableResult
    public func retry(_ key: String) async throws -> RetryOutcome {
        let operated = try await operated(key)
        guard try await operated.first({ sql in try await surroundings.pool.query(sql) }) != nil else {
            throw ParkingError.nothingParked(projection: name, key: key)
        }
        return try await Self.retry(writer, surroundings, operated)
    }

    /// Retries every key that is parked now, each until it fails again.
    /// - Throws: as ``retry(_:)``.
    @discardableResult
    public func retryAll() async throws -> [RetryOutcome] {
        var outcomes: [RetryOutcome] = []
        for parked in try await parkedKeys() {
            outcomes.append(try await Self.retry(writer, surroundings, try await operated(parked.key)))
        }
        return outcomes
    }

    /// Decides that the first parked event of a key is never projected, so that those behind it can be retried.
    /// - Parameters:
    ///   - reason: why, for whoever asks later; recorded with the event.
    ///   - actor: who has decided it.
    /// - Returns: where the event is in the log.
    /// - Throws: ``ParkingError``, `PostgresError`.
    @discardableResult
    public func discard(_ key: String, reason: String, by actor: String) async throws -> GlobalPosition {
        let (operated, decision) = (try await operated(key), try OperatedKey.End(discardedFor: reason, by: actor))
        return try await surroundings.pool.transaction { transaction in
            operated.enqueueLock(in: transaction)
            guard let letter = try await operated.first({ sql in try await transaction.query(sql) }) else {
                throw ParkingError.nothingParked(projection: name, key: key)
            }
            operated.enqueueEnd(of: letter, decision, in: transaction)
            return letter.position
        }
    }

    /// Decides that nothing that is parked of a key is ever projected, those that only wait included.
    /// - Returns: how many events were discarded.
    /// - Throws: ``ParkingError``, `PostgresError`.
    @discardableResult
    public func discardAll(_ key: String, reason: String, by actor: String) async throws -> Int {
        let (operated, decision) = (try await operated(key), try OperatedKey.End(discardedFor: reason, by: actor))
        return try await surroundings.pool.transaction { transaction in
            operated.enqueueLock(in: transaction)
            guard try await operated.first({ sql in try await transaction.query(sql) }) != nil else {
                throw ParkingError.nothingParked(projection: name, key: key)
            }
            return try await operated.endAll(decision, in: transaction)
        }
    }

    private var parked: ParkedLetters { ParkedLetters(projection: name, surroundings: surroundings) }

    private func operated(_ key: String) async throws -> OperatedKey {
        guard let known = try await Builds(writer.declaration, surroundings).find(.live) else {
            throw ParkingError.nothingParked(projection: name, key: key)
        }
        return OperatedKey(key, of: known.target, by: writer)
    }

    private static func retry(
        _ writer: some ReadModelWriter, _ surroundings: ProjectionSurroundings, _ operated: OperatedKey
    ) async throws -> RetryOutcome {
        let (live, declared) = (operated.target.version, writer.declaration.version)
        guard live == declared else {
            throw ParkingError.otherVersion(projection: writer.declaration.name, live: live, declared: declared)
        }
        return try await KeyRetry(writer, surroundings, operated).run()
    }
}
