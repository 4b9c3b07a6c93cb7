import CLibPQ
import Glibc

/// One session with PostgreSQL: blocking libpq on a thread of its own behind an actor.
///
/// Statements run one at a time, in the order in which they were called. A cancelled task's statement is cancelled at
/// the server and throws `query_canceled`; a lost link is not mended: the connection stays broken and a pool replaces it.
public actor Connection {
    private let thread: ConnectionThread
    let link: Link
    private let canceller: StatementCanceller
    /// The transaction that is open, if any; statements of an ended one are refused.
    var openTransaction: UInt64?
    /// What begins it, until that goes with its first statement.
    var unsentBegin: SQL?
    var firstFailure: PostgresError?
    /// The names of the statements that the server keeps for the session.
    var prepared: Set<String> = []
    /// How often all of them have been prepared anew.
    var preparation = 0
    /// Whether it does keep them.
    var keepsPrepared = true
    private var lastTransaction: UInt64 = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects, within five seconds an address unless the configuration says otherwise (`connect_timeout`).
    /// - Throws: ``PostgresError`` with `08001` when the server cannot be reached or refuses; libpq tells the two apart
    ///   by the message only.
    public static func open(_ configuration: PostgresConfiguration) async throws(PostgresError) -> Connection {
        let thread = try ConnectionThread()
        do throws(PostgresError) {
            let link = try await LinkOpener(thread).open(configuration)
            return Connection(thread, link, try StatementCanceller(for: link))
        } catch {
            thread.stop()
            throw error
        }
    }

    private init(_ thread: ConnectionThread, _ link: Link, _ canceller: StatementCanceller) {
        self.thread = thread
        self.link = link
        self.canceller = canceller
    }

    deinit { thread.stop() }

    /// Runs one statement and returns its rows.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func query(_ sql: SQL) async throws(PostgresError) -> Rows {
        try await cancellable { () throws(PostgresError) in try self.run(sql) }
    }

    /// Runs a statement to its end, whatever becomes of the task: for one whose commit may be under way.
    func queryToTheEnd(_ sql: SQL) throws(PostgresError) -> Rows { try run(sql) }

    private func run(_ sql: SQL) throws(PostgresError) -> Rows {
        if unsentBegin != nil { return try exchange([sql])[0] }
        return try sql.isPrepared && keepsPrepared ? exchangePrepared(sql) : exchange(sql)
    }

    /// Runs one statement and returns how many rows it changed.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        try await query(sql).affectedCount
    }

    /// Runs a text of several statements, such as a migration; without parameters, results are dropped.
    package func run(script: String) throws(PostgresError) {
        try requireOpen(script)
        try sendBegin()
        _ = try check(PQexec(link.pointer, script), statement: nil)
    }

    /// Whether the connection can be used by somebody else: linked, and in no transaction.
    nonisolated var isReusable: Bool { link.isOpen && link.isIdle }

    /// Whether the idle session's socket has something to say, which then is good-bye: the server has gone.
    nonisolated var isStale: Bool { link.hasWords }

    // MARK: what statements share

    /// Runs `body`, which blocks, so that cancelling the task cancels the statement at the server.
    func cancellable<Result: Sendable>(
        _ body: () throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        let statement = canceller.newStatement()
        let outcome = await withTaskCancellationHandler { () -> Swift.Result<Result, PostgresError> in
            canceller.begin(statement)
            defer { canceller.end() }
            if Task.isCancelled { return .failure(.cancelledBeforeSending) }
            do throws(PostgresError) { return .success(try body()) } catch { return .failure(error) }
        } onCancel: {
            canceller.cancel(statement)
        }
        return try outcome.get()
    }

    /// Begins the transaction by itself, for what cannot go in one round trip with that.
    func sendBegin() throws(PostgresError) {
        guard let begin = unsentBegin else { return }
        unsentBegin = nil
        _ = try exchange(begin)
    }

    /// From here on the task's cancellation reaches nothing that is under way.
    func endCancelling() { canceller.end() }

    func exchange(_ sql: SQL) throws(PostgresError) -> Rows {
        let text = sql.text
        try requireOpen(text)
        let parameters = try BoundParameters(sql)
        let result = parameters.withPointers { types, values, lengths, formats in
            PQexecParams(link.pointer, text, Int32(parameters.count), types, values, lengths, formats, 1)
        }
        return try check(result, statement: text)
    }

    func requireOpen(_ statement: String?) throws(PostgresError) {
        if openTransaction != nil { link.hear() }
        if let lastWords = link.lastWords { throw lastWords }
        guard link.isOpen else {
            throw PostgresError(
                sqlState: .connectionDoesNotExist, message: "the connection is closed", statement: statement)
        }
    }

    /// Takes a result over, or throws what it says.
    func check(_ result: OpaquePointer?, statement: String?) throws(PostgresError) -> Rows {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN, PGRES_COPY_OUT:
            if let result {
                let rows = Rows(result)
                try link.requireReplicated(statement)
                return rows
            }
            throw link.error(of: nil, statement: statement)
        default:
            defer { PQclear(result) }
            throw link.error(of: result, statement: statement)
        }
    }

    func newTransaction() -> UInt64 {
        lastTransaction += 1
        return lastTransaction
    }
}

extension PostgresError {
    static let cancelledBeforeSending = PostgresError(
        sqlState: .queryCanceled, message: "the task was cancelled before the statement was sent")
}

/// Makes the link on the connection's own thread, since that blocks too.
private actor LinkOpener {
    private let thread: ConnectionThread

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ thread: ConnectionThread) { self.thread = thread }

    func open(_ configuration: PostgresConfiguration) throws(PostgresError) -> Link { try Link(configuration) }
}
