/// A five-character SQLSTATE code; an open set, listed in PostgreSQL's documentation, appendix A.
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }

    /// The first two characters, which name the class of error.
    public var errorClass: Substring { rawValue.prefix(2) }

    /// No link could be made, or the server refused the session; nothing was sent.
    public static let unableToConnect = SQLState(rawValue: "08001")
    /// The link was already gone when the statement was to be sent; nothing was sent.
    public static let connectionDoesNotExist = SQLState(rawValue: "08003")
    /// The link was lost after the statement had been sent: it may or may not have taken effect.
    public static let connectionFailure = SQLState(rawValue: "08006")
    /// The link was lost after COMMIT had been sent: the transaction may or may not have committed.
    public static let transactionResolutionUnknown = SQLState(rawValue: "08007")
    public static let protocolViolation = SQLState(rawValue: "08P01")
    public static let featureNotSupported = SQLState(rawValue: "0A000")
    public static let invalidSQLStatementName = SQLState(rawValue: "26000")
    public static let datetimeFieldOverflow = SQLState(rawValue: "22008")
    public static let uniqueViolation = SQLState(rawValue: "23505")
    public static let checkViolation = SQLState(rawValue: "23514")
    public static let noActiveTransaction = SQLState(rawValue: "25P01")
    public static let inFailedTransaction = SQLState(rawValue: "25P02")
    /// Writing on a standby, or where transactions are read-only by default.
    public static let readOnlyTransaction = SQLState(rawValue: "25006")
    public static let idleInTransactionTimeout = SQLState(rawValue: "25P03")
    public static let serializationFailure = SQLState(rawValue: "40001")
    /// Committed here, but perhaps not on the synchronous standby that the commit had to wait for.
    public static let statementCompletionUnknown = SQLState(rawValue: "40003")
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    public static let duplicatePreparedStatement = SQLState(rawValue: "42P05")
    public static let undefinedTable = SQLState(rawValue: "42P01")
    public static let undefinedFunction = SQLState(rawValue: "42883")
    public static let invalidSchemaName = SQLState(rawValue: "3F000")
    public static let tooManyConnections = SQLState(rawValue: "53300")
    public static let programLimitExceeded = SQLState(rawValue: "54000")
    public static let lockNotAvailable = SQLState(rawValue: "55P03")
    public static let queryCanceled = SQLState(rawValue: "57014")
    public static let adminShutdown = SQLState(rawValue: "57P01")
    public static let crashShutdown = SQLState(rawValue: "57P02")
    public static let idleSessionTimeout = SQLState(rawValue: "57P05")
    public static let cannotConnectNow = SQLState(rawValue: "57P03")
}
