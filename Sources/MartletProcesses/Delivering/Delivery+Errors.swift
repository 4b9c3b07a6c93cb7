import MartletEventStore
import MartletPostgres

extension Error {
    /// Whether the same delivery may work later: the database was away or busy, or others were faster.
    var mayPass: Bool {
        switch self {
        case is CancellationError: true
        case let error as PostgresError: error.sqlState.errorClass != "22"
        case let error as EventStoreError: error.mayPass
        case let error as AppendError:
            if case .failed(let error) = error { error.mayPass } else { true }
        case let error as any DeliveryFailure: error.storeError?.mayPass ?? true
        default: false
        }
    }
}

extension EventStoreError {
    fileprivate var mayPass: Bool {
        switch self {
        case .database(let error): error.sqlState.errorClass != "22"
        case .overloaded, .cancelled, .inlineProjectionBehind, .inlineProjectionHalted, .refusedByProjection: true
        default: false
        }
    }
}

/// What is common to the errors of all aggregates' commands.
private protocol DeliveryFailure: Error {
    /// Nil for a conflict or an unknown outcome.
    var storeError: EventStoreError? { get }
}

extension ExecuteError: DeliveryFailure {
    fileprivate var storeError: EventStoreError? {
        if case .failed(let error) = self { error } else { nil }
    }
}
