public import MartletDomain
public import MartletPostgres

/// Why the event store could not do what it was asked, other than by the rules of an append.
public enum EventStoreError: Error, Sendable {
    /// The stream's name cannot be stored.
    case invalidStream(StreamName, flaw: String)
    /// An append without events, or without streams.
    case nothingToAppend(StreamName?)
    /// An append to several streams names one of them twice.
    case streamNamedTwice(StreamName)
    /// The command's id cannot be stored.
    case invalidCommandID(CommandID, flaw: String)
    /// Something else was asked for under this id before.
    case commandIDReused(CommandID)
    /// The stream takes no more events.
    case closed(StreamName, at: StreamVersion)
    /// The stream has to be closed first.
    case notClosed(StreamName)
    /// So many appends wait already, or have waited for so long, that this one was not sent.
    case overloaded(waiting: Int, for: Duration)
    /// The task was cancelled before the append was sent.
    case cancelled
    /// An inline projection cannot take the append's events: it threw, or a constraint of its table is violated.
    case refusedByProjection(ProjectionRefusal)
    /// An inline projection is too far behind the log to be caught up by an append; the application's `run()` does that.
    case inlineProjectionBehind(String, position: GlobalPosition, head: GlobalPosition)
    /// An inline projection does not run, so nothing can be appended that it would miss.
    case inlineProjectionHalted(String, reason: String)
    /// An event's own `encode(to:)` failed.
    case unencodable(StreamName, problem: String)
    /// A stored event does not fit today's types; it is never skipped.
    case undecodable(type: String, StreamName, StreamVersion, GlobalPosition, problem: String)
    /// The log jumps: the promise that everything rests on is broken, so reading stops.
    case hole(expected: GlobalPosition, found: GlobalPosition)
    case database(PostgresError)
    /// A row of the store's own tables is not what it must be.
    case corrupt(String)

    /// Whether the database was away or busy, or an inline projection not ready, so that the same call may work later.
    public var isUnavailability: Bool {
        switch self {
        case .database(let error): error.isUnavailability
        case .overloaded, .inlineProjectionBehind, .inlineProjectionHalted: true
        default: false
        }
    }
}

extension EventStoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidStream(let name, let flaw): "stream \"\(name)\": \(flaw)"
        case .nothingToAppend(nil): "expected at least one stream to append to, found none"
        case .nothingToAppend(let name?): "stream \"\(name)\": expected at least one event to append, found none"
        case .streamNamedTwice(let name): "stream \"\(name)\": expected each stream once in an append, found it twice"
        case .invalidCommandID(let id, let flaw): "command \"\(id)\": \(flaw)"
        case .commandIDReused(let id):
            "command \"\(id)\": expected what was asked for under this id before, found something else"
        case .closed(let name, let version): "stream \"\(name)\" was closed at version \(version)"
        case .notClosed(let name): "stream \"\(name)\": expected a closed stream to archive, found an open one"
        case .overloaded(let count, let time):
            time == .zero
                ? "the append was not sent: \(count) wait already"
                : "the append was not sent within \(time): \(count) wait"
        case .cancelled: "the task was cancelled before the append was sent; nothing was written"
        case .refusedByProjection(let refusal): refusal.description
        case .inlineProjectionBehind(let name, let position, let head):
            "the append was not made: inline projection \"\(name)\" is at position \(position), the log at \(head)"
        case .inlineProjectionHalted(let name, let reason):
            "the append was not made: inline projection \"\(name)\" does not run: \(reason)"
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

    package init(stream: StreamName, expected: ExpectedVersion, actual: StreamVersion) {
        (self.stream, self.expected, self.actual) = (stream, expected, actual)
    }

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
