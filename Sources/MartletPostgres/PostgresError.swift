/// What PostgreSQL or the link to it answered instead of a result.
///
/// Classify by ``sqlState`` and ``constraint``, never by text. `description` leaves out what may quote a value that
/// somebody stored; `debugDescription` tells everything, the statement's text included, though never its values.
public struct PostgresError: Error, Hashable, Sendable {
    public let sqlState: SQLState
    public let message: String
    public let detail: String?
    /// The named constraint that was violated, if one was.
    public let constraint: String?
    /// The statement's text with `$1` in place of each value.
    public let statement: String?
    /// The server's function that reports it.
    var sourceFunction: String?

    public init(
        sqlState: SQLState, message: String, detail: String? = nil, constraint: String? = nil, statement: String? = nil
    ) {
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.constraint = constraint
        self.statement = statement
    }

    /// Whether the database was away, going away or full, so that the same call may work later.
    public var isUnavailability: Bool {
        switch sqlState {
        case .adminShutdown, .crashShutdown, .cannotConnectNow, .tooManyConnections: true
        case .idleSessionTimeout, .idleInTransactionTimeout: true
        default: sqlState.errorClass == "08" && sqlState != .protocolViolation
        }
    }

    /// Whether the statement may have taken effect although no answer came.
    public var leavesOutcomeUnknown: Bool {
        switch sqlState {
        case .connectionFailure, .transactionResolutionUnknown, .adminShutdown, .crashShutdown: true
        case .statementCompletionUnknown: true
        default: false
        }
    }
}

extension PostgresError {
    /// Whether a table or function is missing, as before the first migration.
    package var isMissingSchema: Bool { [.undefinedTable, .undefinedFunction, .invalidSchemaName].contains(sqlState) }

    /// Whether others were in the way, or the server could not do what it can at other times: it may be full, or a
    /// standby that is not promoted yet.
    package var isOfTheMoment: Bool {
        switch sqlState {
        case .serializationFailure, .deadlockDetected, .lockNotAvailable, .queryCanceled, .readOnlyTransaction: true
        // Some listener has not fetched its notifications for long, and there is no room for more of anybody's.
        case .programLimitExceeded: sourceFunction == "PreCommit_Notify"
        default: ["53", "58"].contains(sqlState.errorClass)
        }
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        var text = "PostgreSQL error \(sqlState)"
        if let constraint { text += " on constraint \"\(constraint)\"" }
        return mayQuoteValues ? text : text + ": " + message
    }

    public var debugDescription: String {
        var text = "PostgreSQL error \(sqlState): \(message)"
        if let detail { text += " (\(detail))" }
        if let constraint { text += ", constraint \"\(constraint)\"" }
        if let statement { text += ", statement: \(statement)" }
        return text
    }

    /// Data exceptions, violated constraints and raised exceptions quote what they were given.
    private var mayQuoteValues: Bool {
        switch sqlState.errorClass {
        case "22", "23", "44", "P0": true
        default: false
        }
    }
}
