public import MartletDomain
public import MartletPostgres

/// Why the event store could not do what it was asked, other than by the rules of an append.
public enum EventStoreError: Error, Sendable {
    /// The stream's name cannot be stored.
    case invalidStream(StreamName, flaw: String)
    /// An append without events.
    case nothingToAppend(StreamName)
    /// An event's own `encode(to:)` failed.
    case unencodable(StreamName, problem: String)
    /// A stored event does not fit today's types; it is never skipped.
    case undecodable(type: String, StreamName, StreamVersion, GlobalPosition, problem: String)
    /// The log jumps: the promise that everything rests on is broken, so reading stops.
    case hole(expected: GlobalPosition, found: GlobalPosition)
    case database(PostgresError)
    /// A row of the store's own tables is not what it must be.
    case corrupt(String)

    /// Whether the database was away, so that the same call may work later.
    public var isUnavailability: Bool {
        if case .database(let error) = self { error.isUnavailability } else { false }
    }
}

extension EventStoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidStream(let name, let flaw): "stream \"\(name)\": \(flaw)"
        case .nothingToAppend(let name): "stream \"\(name)\": expected at least one event to append, found none"
        case .unencodable(let name, let problem): "stream \"\(name)\": an event cannot be encoded: \(problem)"
        case .undecodable(let type, let name, let version, let position, let problem):
            "event \"\(type)\" at position \(position) (stream \"\(name)\", version \(version))"
                + " cannot be decoded: \(problem)"
        case .hole(let expected, let found): "the log has a hole: expected position \(expected), found \(found)"
        case .database(let error): error.description
        case .corrupt(let problem): "the event store's tables are damaged: \(problem)"
        }
    }
}

/// A stream was not at the version that an append expected; nothing of the append was written.
public struct VersionConflict: Error, Hashable, Sendable, CustomStringConvertible {
    public let stream: StreamName
    public let expected: ExpectedVersion
    public let actual: StreamVersion

    public var description: String { "stream \"\(stream)\": expected \(expected), found version \(actual)" }
}

/// The link was lost while an append was under way, and whether it committed could not be found out in time.
///
/// It is committed whole or not at all. Reading the stream tells, as soon as the database is back.
public struct UnknownOutcome: Error, Sendable, CustomStringConvertible {
    public let stream: StreamName
    public let cause: PostgresError

    public var description: String { "stream \"\(stream)\": it is not known whether the append committed: \(cause)" }
}

/// How an append can end other than committed.
public enum AppendError: Error, Sendable {
    case conflict(VersionConflict)
    case unknown(UnknownOutcome)
    /// Nothing was written.
    case failed(EventStoreError)
}

/// How a command can end other than done; the domain's own rejection comes through as it is.
public enum ExecuteError<Rejection: Error>: Error {
    case rejected(Rejection)
    /// Others were faster every time, or once before the task was cancelled.
    case conflict(VersionConflict)
    case unknown(UnknownOutcome)
    /// Nothing was written.
    case failed(EventStoreError)
}

extension AppendError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .conflict(let conflict): conflict.description
        case .unknown(let outcome): outcome.description
        case .failed(let error): error.description
        }
    }
}

extension ExecuteError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rejected(let rejection): "rejected: \(rejection)"
        case .conflict(let conflict): conflict.description
        case .unknown(let outcome): outcome.description
        case .failed(let error): error.description
        }
    }
}
