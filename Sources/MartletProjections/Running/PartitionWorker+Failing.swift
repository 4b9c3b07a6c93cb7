import MartletDomain
import MartletEventStore
import MartletPostgres

extension PartitionWorker {
    /// Waits and lets the next try begin, unless the failing event is to be parked or is not to be passed.
    mutating func recover(from error: any Error) async throws -> End? {
        try Task.checkCancellation()
        let problem = String(problem: error)
        if let failure = error as? JudgedFailure, failure.stops { return .stopped(reason: problem) }
        tenure.failed(problem)
        failures += 1
        if !error.isOfTheEvent {
            // A commit whose outcome is unknown has moved the checkpoint or not; and another server may be there now.
            await losePlace()
        } else {
            countedTry = nil
            let wasAlone = batch.size == 1
            batch.failed()
            if wasAlone, let event = next {
                attempts += 1
                // What cannot be read now cannot be read in a second.
                if attempts >= writer.declaration.onFailure.attempts || event.isUnreadable {
                    return try await giveUp(event, because: problem)
                }
            }
        }
        try await rest(for: backoff.delay(after: failures))
        return nil
    }

    /// Waits, though not for longer than it has the partition.
    func rest(for delay: Duration) async throws {
        let end = ContinuousClock.now + delay
        while !tenure.isRevoked, end > .now { try await Task.sleep(for: min(end - .now, .milliseconds(100))) }
    }

    /// Parks the event or stops before it; what cannot be written down must not be passed.
    mutating func giveUp(_ event: Event, because problem: String) async throws -> End? {
        // Later events of its key would go on, where nothing tells which key that is.
        guard writer.declaration.onFailure.parks, event.isKeyKnown else { return stop(before: event, because: problem) }
        do {
            try await park(event, after: attempts, problem: problem)
        } catch let error where error.isOfTheEvent {
            let flaw = String(problem: error)
            return stop(before: event, because: "it cannot be parked either: \(flaw); it failed with: \(problem)")
        } catch {
            await losePlace()
            try await rest(for: backoff.delay(after: failures))
        }
        return nil
    }

    private func stop(before event: Event, because problem: String) -> End {
        tenure.stopped(before: event.position)
        return .stopped(reason: event.telling(problem))
    }

    /// Counts the try before it is made, where the one before may have ended the process; true when it is one too many.
    mutating func wasTriedTooOften(_ event: Event) async throws -> Bool {
        if countedTry == event.position { return false }
        let rows = try await surroundings.pool.query(
            """
            UPDATE \(target.schema).projection_partitions p
            SET tried_position = \(event.position.rawValue),
                tries = CASE WHEN p.tried_position = \(event.position.rawValue) THEN p.tries + 1 ELSE 1 END
            WHERE p.build = \(target.build) AND p.partition = \(Int16(tenure.lease.partition))
                AND p.epoch = \(tenure.lease.epoch)
            RETURNING p.tries
            """)
        guard let tries = try rows.first?.decode(Int32.self) else { throw Checkpoint.Fenced() }
        attempts = Int(tries) - 1
        guard attempts < writer.declaration.onFailure.attempts else { return true }
        countedTry = event.position
        return false
    }
}

extension RoutedEvent {
    var isUnreadable: Bool {
        if case .failure = input { true } else { false }
    }

    /// The problem and where it is.
    func telling(_ problem: String) -> String {
        "event \"\(stored.type)\" at position \(position) (stream \"\(stored.stream)\"): \(problem)"
    }
}

extension Error {
    /// Whether the event may be to blame: anything but an absent database, a lost race for a lock and a lost lease. Who
    /// leaves the transaction idle for too long has himself to blame.
    var isOfTheEvent: Bool {
        switch self {
        case let error as PostgresError where error.sqlState == .idleInTransactionTimeout: true
        // Martlet's own schema lacks a migration.
        case let error as PostgresError
        where error.isMissingSchema && error.statement?.contains("move_checkpoint") == true: false
        case let error as PostgresError:
            !error.isUnavailability && !error.leavesOutcomeUnknown && !error.isOfTheMoment
        case let error as EventStoreError:
            switch error {
            case .database(let error): error.isOfTheEvent
            case .cancelled, .overloaded: false
            default: true
            }
        case let error as JudgedFailure: error.isOfTheEvent
        case is CancellationError, is Checkpoint.Fenced: false
        default: true
        }
    }
}
