/// A bounded pool of connections, given out first come, first served.
///
/// A broken connection is replaced when somebody next needs one; while the database is away, callers try again with
/// back-off until their time is up, and so the pool recovers by itself.
public actor ConnectionPool {
    public nonisolated let configuration: PostgresConfiguration
    private let patience: Duration
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
    private var state: PoolState<Connection>
    private typealias Grant = PoolState<Connection>.Grant
    private var continuations: [UInt64: CheckedContinuation<Result<Grant, PostgresError>, Never>] = [:]
    private var lastFailure: PostgresError?

    /// - Parameters:
    ///   - size: the most connections open at once.
    ///   - patience: how long a caller waits for a connection before it gets an error; a try to connect that is under
    ///     way is not cut short, and takes up to `connect_timeout`.
    public init(_ configuration: PostgresConfiguration, size: Int = 16, patience: Duration = .seconds(5)) {
        precondition(size > 0, "expected a pool of at least one connection, found \(size)")
        self.configuration = configuration
        self.patience = patience
        state = PoolState(size: size)
    }

    /// Lends a connection for the time of `body`, which must not keep it.
    /// - Throws: what `body` throws; ``PostgresError`` of class 08 or 53 when no connection was to be had in time.
    public func withConnection<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        let connection = try await acquire()
        do {
            let result = try await body(connection)
            await release(connection)
            return result
        } catch {
            await release(connection)
            throw error
        }
    }

    /// Runs `body` in a transaction on a lent connection; see ``Connection/transaction(_:isolation:_:)``.
    @discardableResult
    public func transaction<Result>(
        _ level: IsolationLevel = .readCommitted, isolation: isolated (any Actor)? = #isolation,
        _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        try await withConnection { connection in try await connection.transaction(level, body) }
    }

    /// Runs one statement on a lent connection and returns its rows; see ``Connection/query(_:)``.
    @discardableResult
    public nonisolated func query(_ sql: SQL) async throws(PostgresError) -> Rows {
        let connection = try await acquire()
        do throws(PostgresError) {
            let rows = try await connection.query(sql)
            await release(connection)
            return rows
        } catch {
            await release(connection)
            throw error
        }
    }

    /// Runs one statement on a lent connection; once it has been sent, it is not given up when the task is
    /// cancelled.
    package nonisolated func queryToTheEnd(_ sql: SQL) async throws(PostgresError) -> Rows {
        let connection = try await acquire()
        do throws(PostgresError) {
            let rows = try await connection.queryToTheEnd(sql)
            await release(connection)
            return rows
        } catch {
            await release(connection)
            throw error
        }
    }

    /// Runs one statement on a lent connection and returns how many rows it changed.
    @discardableResult
    public nonisolated func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        try await query(sql).affectedCount
    }

    // MARK: leasing

    private func acquire() async throws(PostgresError) -> Connection {
        let deadline = ContinuousClock.now + patience
        if case .lease(let connection) = try await grant(by: deadline), !connection.isStale { return connection }
        // A place to open a connection in, or that of one which the server has closed.
        return try await open(by: deadline)
    }

    private func grant(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> Grant {
        if let grant = state.request() { return grant }
        let ticket = state.wait()
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            self.giveUp(ticket, self.timedOut)
        }
        defer { timer.cancel() }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                continuations[ticket] = continuation
                if Task.isCancelled { giveUp(ticket, .cancelledBeforeSending) }
            }
        } onCancel: {
            Task { await self.giveUp(ticket, .cancelledBeforeSending) }
        }
        return try answer.get()
    }

    private func giveUp(_ ticket: UInt64, _ error: PostgresError) {
        guard state.giveUp(ticket) else { return }
        continuations.removeValue(forKey: ticket)?.resume(returning: .failure(error))
    }

    /// Opens a connection in the slot that the caller holds, trying again until the deadline.
    private func open(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> Connection {
        while true {
            do throws(PostgresError) {
                let connection = try await Connection.open(configuration)
                state.opened()
                return connection
            } catch {
                lastFailure = error
                state.openingFailed()
            }
            let next = ContinuousClock.now + backoff.delay(after: state.failures)
            guard next < deadline, await slept(until: next) else {
                serve(state.discard())
                throw Task.isCancelled ? .cancelledBeforeSending : timedOut
            }
        }
    }

    private func slept(until instant: ContinuousClock.Instant) async -> Bool {
        do {
            try await Task.sleep(until: instant, clock: .continuous)
            return true
        } catch { return false }
    }

    private func release(_ connection: Connection) {
        let isReusable = connection.isReusable
        serve(isReusable ? state.giveBack(connection) : state.discard())
    }

    private func serve(_ served: (ticket: UInt64, grant: Grant)?) {
        guard let served else { return }
        continuations.removeValue(forKey: served.ticket)?.resume(returning: .success(served.grant))
    }

    private var timedOut: PostgresError {
        if state.failures > 0, let lastFailure {
            return PostgresError(
                sqlState: .unableToConnect,
                message: "no connection within \(patience): \(lastFailure.message)", detail: lastFailure.detail)
        }
        return PostgresError(
            sqlState: .tooManyConnections,
            message: "no connection within \(patience): all \(state.size) are in use")
    }
}
