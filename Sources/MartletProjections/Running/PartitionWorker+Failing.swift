import MartletDomain
import MartletEventStore
import MartletPostgres

extension PartitionWorker {
    /// Waits and lets the next try begin, unless the failing event is to be parked or is not to be passed.
    mutating func recover(from error: any Error) async throws -> End? {
        try Task.checkCancellation()
        tenure.failed("\(error)")
        failures += 1
        if !error.isOfTheEvent {
            // A commit whose outcome is unknown has moved the checkpoint or not; and another server may be there now.
            await losePlace()
        } else {
            let wasAlone = batch.size == 1
            batch.failed()
            if wasAlone, let event = next { return try await giveUpIfTriedEnough(event, error) }
        }
        try await rest(for: backoff.delay(after: failures))
        return nil
    }

    /// Waits, though not for longer than it has the partition.
    func rest(for delay: Duration) async throws {
        let end = ContinuousClock.now + delay
        while !tenure.isRevoked, end > .now { try await Task.sleep(for: min(end - .now, .milliseconds(100))) }
    }

    private mutating func giveUpIfTriedEnough(_ event: Event, _ error: any Error) async throws -> End? {
        attempts += 1
        // What cannot be read now cannot be read in a second.
        guard attempts >= writer.declaration.onFailure.attempts || event.isUnreadable else {
            try await rest(for: backoff.delay(after: failures))
            return nil
        }
        return try await giveUp(event, "\(error)")
    }

    /// Parks an event, or ends before it where it may not be passed.
    mutating func giveUp(_ event: Event, _ problem: String) async throws -> End? {
        // Later events of its key may be in partitions that do not know of it.
        let hasUnknownKey = event.isUnreadable && !writer.declaration.isKeyedByStream && target.partitions > 1
        guard writer.declaration.onFailure.parks, !hasUnknownKey else {
            return .stopped(reason: event.telling(problem))
        }
        return try await parkOrStop(event, problem)
    }

    /// Parks; what cannot be written down must not be passed.
    private mutating func parkOrStop(_ event: Event, _ problem: String) async throws -> End? {
        do {
            try await park(event, after: attempts, problem: problem)
            return nil
        } catch let error where error.isOfTheEvent {
            return .stopped(reason: event.telling("it cannot be parked either: \(error); it failed with: \(problem)"))
        }
    }

    /// Counts the try before it is made, where the one before may have ended the process; true when it is one too many.
    mutating func wasTriedTooOften(_ event: Event) async throws -> Bool {
        // A try that said nothing about the event was counted before it was made: this one is in its place.
        let more: Int32 = wasNoTry ? 0 : 1
        let rows = try await surroundings.pool.query(
            """
            UPDATE \(target.schema).projection_partitions p
            SET tried_position = \(event.position.rawValue),
                tries = CASE WHEN p.tried_position = \(event.position.rawValue) THEN p.tries + \(more) ELSE 1 END
            WHERE p.build = \(target.build) AND p.partition = \(Int16(tenure.lease.partition))
                AND p.epoch = \(tenure.lease.epoch)
            RETURNING p.tries
            """)
        guard let tries = try rows.first?.decode(Int32.self) else { throw Checkpoint.Fenced() }
        wasNoTry = false
        attempts = Int(tries) - 1
        return attempts >= writer.declaration.onFailure.attempts
    }
}

extension RoutedEvent {
    var isUnreadable: Bool { if case .failure = input { true } else { false } }

    /// The problem and where it is.
    func telling(_ problem: String) -> String {
        "event \"\(stored.type)\" at position \(position) (stream \"\(stored.stream)\"): \(problem)"
    }
}

extension Error {
    /// Whether the event may be to blame: anything but an absent database and a lost race for a lock. Who leaves the
    /// transaction idle for too long has himself to blame.
    var isOfTheEvent: Bool {
        switch self {
        case let error as PostgresError where error.sqlState == .idleInTransactionTimeout: true
        case let error as PostgresError:
            !error.isUnavailability && !error.leavesOutcomeUnknown && !error.isOfTheMoment
        case let error as EventStoreError:
            if case .database(let reason) = error { reason.isOfTheEvent } else { !error.isUnavailability }
        case is CancellationError: false
        default: true
        }
    }
}
