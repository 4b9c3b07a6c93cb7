import CLibPQ
import Glibc

/// One libpq connection, closed when the last reference goes.
///
/// Unchecked because `PGconn` is a C structure that one thread at a time may use: the owning ``Connection`` touches it
/// on its own thread only, and the deinitialiser runs when nobody can touch it any more.
final class Link: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Set when the server gave up waiting for a synchronous standby: what it then calls committed is durable here only.
    private var gaveUpOnStandby = false
    /// Set when the server found no transaction to end.
    private var hadNoTransaction = false
    /// What the server said when it ended the session because the transaction idled.
    private(set) var lastWords: PostgresError?

    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        guard let pointer = connect(configuration.connectionParameters) else {
            throw PostgresError(sqlState: .unableToConnect, message: "libpq is out of memory")
        }
        self.pointer = pointer
        guard PQstatus(pointer) == CONNECTION_OK else {
            throw PostgresError(sqlState: .unableToConnect, message: lastMessage)
        }
        PQsetNoticeReceiver(
            pointer,
            { link, notice in
                guard let link, let notice else { return }
                Unmanaged<Link>.fromOpaque(link).takeUnretainedValue().notice(notice)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The session's notices are nobody's output, but one of them takes a commit back, and one says why it has ended.
    private func notice(_ notice: OpaquePointer) {
        if field(martlet_diag_source_function, of: notice) == "SyncRepWaitForLSN" { gaveUpOnStandby = true }
        let error = error(of: notice, statement: nil)
        if error.sqlState == .idleInTransactionTimeout { lastWords = error }
        if error.sqlState == .noActiveTransaction { hadNoTransaction = true }
    }

    /// Whether there was no transaction to end, since this was asked the last time.
    func takeNoTransaction() -> Bool {
        defer { hadNoTransaction = false }
        return hadNoTransaction
    }

    /// Reads what has come while nothing was asked: a session's last words would be drowned by the next statement, which
    /// can only say that it could not be sent.
    func hear() {
        guard hasWords, PQconsumeInput(pointer) == 1 else { return }
        _ = PQisBusy(pointer)
    }

    /// Whether the idle session's socket has something to say.
    var hasWords: Bool {
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) != 0
    }

    deinit { PQfinish(pointer) }

    var isOpen: Bool { PQstatus(pointer) == CONNECTION_OK }

    var hasFailedTransaction: Bool { PQtransactionStatus(pointer) == PQTRANS_INERROR || !isOpen }

    var isIdle: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }

    var lastMessage: String { PQerrorMessage(pointer).map { trimmed($0) } ?? "no message" }

    /// Throws when the commit that was just answered may be missing on the standby that it had to wait for.
    func requireReplicated(_ statement: String?) throws(PostgresError) {
        guard gaveUpOnStandby else { return }
        gaveUpOnStandby = false
        throw PostgresError(
            sqlState: .statementCompletionUnknown,
            message: "committed, but the server gave up waiting for its synchronous standby", statement: statement)
    }

    /// The error that a failed result describes; without a SQLSTATE it is libpq's own word.
    func error(of result: OpaquePointer?, statement: String?) -> PostgresError {
        guard let result, let state = field(martlet_diag_sqlstate, of: result) else {
            // Not a question of `isOpen`: after a failed write libpq notices the loss a little later.
            return PostgresError(sqlState: .connectionFailure, message: lastMessage, statement: statement)
        }
        var error = PostgresError(
            sqlState: SQLState(rawValue: state),
            message: field(martlet_diag_message, of: result) ?? "no message",
            detail: field(martlet_diag_detail, of: result),
            constraint: field(martlet_diag_constraint, of: result),
            statement: statement)
        error.sourceFunction = field(martlet_diag_source_function, of: result)
        return error
    }

    private func field(_ code: Int32, of result: OpaquePointer) -> String? {
        PQresultErrorField(result, code).map { String(cString: $0) }
    }
}

private func connect(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
    let keywords = parameters.map { strdup($0.keyword) } + [nil]
    let values = parameters.map { strdup($0.value) } + [nil]
    defer { for text in keywords + values { free(text) } }
    return PQconnectdbParams(keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
}

private func trimmed(_ message: UnsafeMutablePointer<CChar>) -> String {
    var text = String(cString: message)
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
}
