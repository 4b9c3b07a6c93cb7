import Synchronization

/// An open transaction, for the statements that are to commit together; of no use once its block has ended.
public struct Transaction: Sendable {
    package let connection: Connection
    let id: UInt64
    private let queued = StatementQueue()
    fileprivate let last = LastStatements()

    init(connection: Connection, id: UInt64) {
        (self.connection, self.id) = (connection, id)
    }

    /// Runs one statement and returns its rows.
    /// - Throws: ``PostgresError``; after the server's first error every statement throws that same error.
    @discardableResult
    public func query(_ sql: SQL) async throws(PostgresError) -> Rows {
        let before = queued.takeAll()
        guard before.isEmpty else { return try await connection.pipeline(before + [sql], in: id)[before.count] }
        return try await connection.query(sql, in: id)
    }

    /// Leaves a statement to be sent with the next one that is waited for, or before the commit: all in one round trip.
    ///
    /// They are run in the order in which they were enqueued. What fails is thrown by whoever waits.
    public func enqueue(_ sql: SQL) { queued.append(sql) }

    /// Leaves a statement to be sent together with COMMIT, behind all others, so that what it locks is not locked while
    /// the client is waited for.
    /// - Returns: where its answer is, once the transaction has committed.
    package func enqueueAtCommit(_ sql: SQL) -> AnswerAtCommit { last.append(sql) }

    /// Sends what is enqueued.
    /// - Throws: as ``pipeline(_:)``.
    public func flush() async throws(PostgresError) {
        let statements = queued.takeAll()
        if !statements.isEmpty { try await connection.pipeline(statements, in: id) }
    }

    /// Runs one statement and returns how many rows it changed.
    /// - Throws: as ``query(_:)``.
    @discardableResult
    public func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        try await query(sql).affectedCount
    }

    /// Sends all statements at once and then reads all answers: one round trip instead of many.
    /// - Throws: the first failure, with which the whole transaction has failed.
    @discardableResult
    public func pipeline(_ statements: [SQL]) async throws(PostgresError) -> [Rows] {
        let before = queued.takeAll()
        return Array(try await connection.pipeline(before + statements, in: id).dropFirst(before.count))
    }

    /// Runs a text of several statements that the program was built with, such as a migration.
    package func run(script: String) async throws(PostgresError) {
        try await flush()
        try await connection.run(script: script, in: id)
    }

    /// What is to be sent together with COMMIT.
    func takeForCommit() -> (statements: [SQL], answers: [AnswerAtCommit]) {
        let last = last.takeAll()
        return (queued.takeAll() + last.map(\.sql), last.map(\.answer))
    }
}

/// Statements that wait to be sent together.
private final class StatementQueue: Sendable {
    private let statements = Mutex<[SQL]>([])

    func append(_ sql: SQL) { statements.withLock { $0.append(sql) } }

    func takeAll() -> [SQL] {
        statements.withLock { statements in
            defer { statements = [] }
            return statements
        }
    }
}

/// Statements that wait for the commit, each with where its answer is to go.
private final class LastStatements: Sendable {
    private let statements = Mutex<[(sql: SQL, answer: AnswerAtCommit)]>([])

    func append(_ sql: SQL) -> AnswerAtCommit {
        let answer = AnswerAtCommit()
        statements.withLock { $0.append((sql, answer)) }
        return answer
    }

    func takeAll() -> [(sql: SQL, answer: AnswerAtCommit)] {
        statements.withLock { statements in
            defer { statements = [] }
            return statements
        }
    }
}

/// The answer to a statement that is sent together with COMMIT.
package final class AnswerAtCommit: Sendable {
    private let answer = Mutex<Rows?>(nil)

    fileprivate init() {}

    /// Nil unless the transaction has committed, and been heard to.
    package var rows: Rows? { answer.withLock(\.self) }

    fileprivate func keep(_ rows: Rows) { answer.withLock { $0 = rows } }
}

/// What concurrent transactions may see of each other; Martlet's own correctness never rests on more than the first.
public enum IsolationLevel: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

extension Connection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// It begins at the server with its first statement, in one round trip. In a cancelled task every statement throws, and
    /// so does the block unless it goes on; the commit itself is not given up. What is enqueued when `body` returns goes
    /// with it, in one round trip.
    /// - Throws: what `body` throws; ``PostgresError`` when the commit fails, with `08007` when the link was lost after
    ///   COMMIT had been sent, so that the outcome is unknown; the server's first error when `body` went on after one.
    @discardableResult
    public func transaction<Result>(
        _ level: IsolationLevel = .readCommitted,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        let transaction = try await begin(level)
        do {
            let result = try await body(transaction)
            try await commit(transaction)
            return result
        } catch {
            await rollback(transaction)
            throw error
        }
    }

    private func begin(_ level: IsolationLevel) throws(PostgresError) -> Transaction {
        guard openTransaction == nil else {
            throw PostgresError(sqlState: .init(rawValue: "25001"), message: "a transaction is already open")
        }
        let id = newTransaction()
        (openTransaction, firstFailure) = (id, nil)
        unsentBegin = SQL(trusted: "BEGIN ISOLATION LEVEL \(level.rawValue)")
        return Transaction(connection: self, id: id)
    }

    private func commit(_ transaction: Transaction) async throws(PostgresError) {
        let (statements, handles) = transaction.takeForCommit()
        guard unsentBegin == nil || !statements.isEmpty else {
            (openTransaction, unsentBegin) = (nil, nil)
            if let firstFailure { throw firstFailure }
            return
        }
        let answers = try await remembering(transaction.id) { () async throws(PostgresError) in
            guard unsentBegin != nil || !self.link.isIdle else { throw .endedInside }
            return try await self.sendCommit(behind: statements)
        }
        openTransaction = nil
        // PostgreSQL answers COMMIT of a failed transaction with success, and this tag.
        guard answers.last?.commandTag != "ROLLBACK" else {
            throw firstFailure
                ?? PostgresError(sqlState: .inFailedTransaction, message: "the transaction was rolled back")
        }
        for (handle, answer) in zip(handles, answers.dropLast().suffix(handles.count)) { handle.keep(answer) }
    }

    /// The answers to the statements and to COMMIT, which is not run once one of them has failed.
    private func sendCommit(behind statements: [SQL]) async throws(PostgresError) -> [Rows] {
        _ = link.takeNoTransaction()
        do throws(PostgresError) {
            let answers = statements.isEmpty ? [try exchange("COMMIT")] : try await commit(behind: statements)
            if link.takeNoTransaction() { throw PostgresError.endedInside }
            return answers
        } catch let error where error.leavesOutcomeUnknown {
            throw PostgresError(
                sqlState: .transactionResolutionUnknown, message: error.message, statement: "COMMIT")
        }
    }

    /// Leaves no transaction open; when that fails the connection is broken, which the pool sees.
    private func rollback(_ transaction: Transaction) {
        guard openTransaction == transaction.id else { return }
        (openTransaction, unsentBegin) = (nil, nil)
        guard link.isOpen, !link.isIdle else { return }
        do throws(PostgresError) { _ = try exchange("ROLLBACK") } catch { breakLink() }
    }

    fileprivate func query(_ sql: SQL, in transaction: UInt64) async throws(PostgresError) -> Rows {
        try await remembering(transaction) { () async throws(PostgresError) in try await self.query(sql) }
    }

    @discardableResult
    fileprivate func pipeline(_ statements: [SQL], in transaction: UInt64) async throws(PostgresError) -> [Rows] {
        try await remembering(transaction) { () async throws(PostgresError) in try await self.pipeline(statements) }
    }

    fileprivate func run(script: String, in transaction: UInt64) async throws(PostgresError) {
        try await remembering(transaction) { () async throws(PostgresError) in try self.run(script: script) }
    }

    /// Keeps the transaction's first failure, which later statements would otherwise hide behind `25P02`.
    private func remembering<Result: Sendable>(
        _ transaction: UInt64, _ body: () async throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        try require(transaction)
        do throws(PostgresError) {
            return try await body()
        } catch {
            if firstFailure == nil, link.hasFailedTransaction || unsentBegin != nil { firstFailure = error }
            throw error.sqlState == .inFailedTransaction ? firstFailure ?? error : error
        }
    }

    private func require(_ transaction: UInt64) throws(PostgresError) {
        guard openTransaction == transaction else {
            throw PostgresError(sqlState: .noActiveTransaction, message: "the transaction has ended")
        }
    }
}

extension PostgresError {
    fileprivate static let endedInside = PostgresError(
        sqlState: .noActiveTransaction, message: "the transaction was ended by a statement inside its block")
}
