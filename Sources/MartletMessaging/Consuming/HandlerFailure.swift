import MartletEventStore
import MartletPostgres
import MartletStreamingLog

extension ConsumerSurroundings {
    /// Handles messages; what fails in it is marked as the handler's.
    func handle(_ messages: [Message], in transaction: Transaction) async throws {
        do {
            try await declaration.handle(messages, transaction)
            try await transaction.flush()
        } catch let crash as ConsumerSteps.Crash {
            throw crash
        } catch {
            throw HandlerFailure(error: error)
        }
    }
}

/// What a handler threw, or what the statements failed with that it had left.
struct HandlerFailure: Error {
    let error: any Error
}

extension HandlerFailure {
    var isOfTheMessage: Bool { error is CancellationError || error.isOfTheMessage }

    /// Whether somebody held what the handler needed, or a statement of it took too long; not where the server cannot work.
    var isInTheWay: Bool {
        guard let error = error.ofPostgres else { return false }
        return [.serializationFailure, .deadlockDetected, .lockNotAvailable, .queryCanceled].contains(error.sqlState)
    }
}

extension Error {
    /// Whether the message may be to blame: anything but an absent database or log, a lost race and a lost partition. Who
    /// leaves the transaction idle for too long has himself to blame.
    var isOfTheMessage: Bool {
        switch self {
        case let failure as HandlerFailure: failure.isOfTheMessage
        case let error as PostgresError where error.sqlState == .idleInTransactionTimeout: true
        case let error as PostgresError:
            !error.isUnavailability && !error.leavesOutcomeUnknown && !error.isOfTheMoment
        case let error as StreamingLogError:
            if case .database(let error) = error { error.isOfTheMessage } else { !error.isUnavailability }
        case let error as EventStoreError:
            switch error {
            case .database(let error): error.isOfTheMessage
            case .cancelled, .overloaded: false
            default: true
            }
        case is InboxError, is InboxWorker.Revoked, is CancellationError: false
        default: true
        }
    }

    fileprivate var ofPostgres: PostgresError? {
        switch self {
        case let error as PostgresError: error
        case let error as StreamingLogError: if case .database(let error) = error { error } else { nil }
        case let error as EventStoreError: if case .database(let error) = error { error } else { nil }
        default: nil
        }
    }

    /// Whether somebody else was faster, so that looking again is all there is to do.
    var isLostRace: Bool {
        switch self {
        case let error as PostgresError: error.sqlState == .serializationFailure
        case let error as InboxError: error.isMoved
        default: false
        }
    }
}
