import MartletTesting
import Testing

@testable import MartletPostgres

/// What is sent together with COMMIT.
@Suite(.tags(.database)) struct CommitTests {
    @Test func `what waits for the commit runs last, and is answered once it has committed`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (place int GENERATED ALWAYS AS IDENTITY, name text)")
            let answer = try await connection.transaction { transaction in
                let answer = transaction.enqueueAtCommit("INSERT INTO t (name) VALUES ('last') RETURNING place")
                transaction.enqueue("INSERT INTO t (name) VALUES ('first')")
                try await transaction.execute("INSERT INTO t (name) VALUES ('second')")
                transaction.enqueue("INSERT INTO t (name) VALUES ('third')")
                #expect(answer.rows == nil)
                return answer
            }
            let place = try #require(answer.rows)[0].decode(Int32.self)
            #expect(place == 4)
            #expect(
                try await connection.value("SELECT array_agg(name ORDER BY place) FROM t") == [
                    "first", "second", "third", "last",
                ])
        }
    }

    @Test func `what fails with the commit fails by its own error and leaves nothing`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int)")
            var answer: AnswerAtCommit?
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    transaction.enqueue("INSERT INTO t VALUES (2)")
                    answer = transaction.enqueueAtCommit("SELECT 1/0")
                }
            }
            #expect(error?.sqlState.rawValue == "22012")
            #expect(error?.statement == "SELECT 1/0")
            #expect(answer?.rows == nil)
            #expect(try await connection.value("SELECT count(*) FROM t") == 0)
            #expect(connection.isReusable)
        }
    }

    @Test func `a block that throws takes what waits for the commit with it`() async throws {
        struct Stop: Error {}
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int)")
            await #expect(throws: Stop.self) {
                try await connection.transaction { transaction in
                    _ = transaction.enqueueAtCommit("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            try await connection.transaction { _ in }
            #expect(try await connection.value("SELECT count(*) FROM t") == 0)
        }
    }

    @Test func `a constraint that is checked at the commit fails by its name`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute(
                "CREATE TABLE t (n int CONSTRAINT t_n_key UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    transaction.enqueue("INSERT INTO t VALUES (1), (1)")
                }
            }
            #expect(error?.constraint == "t_n_key")
            #expect(connection.isReusable)
        }
    }

    @Test func `a failed transaction keeps its first error though statements wait for the commit`() async throws {
        try await withConnection { connection async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    do { try await transaction.query("SELECT 1/0") } catch {}
                    _ = transaction.enqueueAtCommit("SELECT 1")
                }
            }
            #expect(error?.sqlState.rawValue == "22012")
        }
    }

    @Test(arguments: ["COMMIT", "ROLLBACK"])
    func `an enqueued statement that ends the transaction does not pass for a success`(statement: String) async throws {
        try await withConnection { connection async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { $0.enqueue(SQL(trusted: statement)) }
            }
            #expect(error?.sqlState == .noActiveTransaction)
            #expect(try await connection.value("SELECT 1") == 1)
        }
    }

    /// The server is cut off while it works on what was sent with COMMIT: it may have come to commit, for all one knows.
    @Test(arguments: [true, false])
    func `a link that is lost while the commit is under way is an unknown outcome`(isAtCommit: Bool) async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            let other = try await Connection.open(database.configuration)
            try await other.execute("CREATE TABLE t (n int)")
            try await other.query("SELECT pg_advisory_lock(1)")
            let committing = Task {
                try await connection.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    if isAtCommit {
                        _ = transaction.enqueueAtCommit("SELECT pg_advisory_xact_lock(1)")
                    } else {
                        transaction.enqueue("SELECT pg_advisory_xact_lock(1)")
                    }
                }
            }
            while try await other.query(
                """
                SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                """
            ).isEmpty {
                await Task.yield()
            }
            let error = await #expect(throws: PostgresError.self) { try await committing.value }
            #expect(error?.sqlState == .transactionResolutionUnknown)
            #expect(error?.leavesOutcomeUnknown == true)
            #expect(try await other.value("SELECT count(*) FROM t") == 0)
        }
    }

    @Test func `cancelling the task reaches a statement that was sent with the commit`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            let other = try await Connection.open(database.configuration)
            try await other.query("SELECT pg_advisory_lock(1)")
            let committing = Task {
                try await connection.transaction { $0.enqueue("SELECT pg_advisory_xact_lock(1)") }
            }
            while try await other.value(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", as: Int.self) == 0
            {
                await Task.yield()
            }
            committing.cancel()
            let error = await #expect(throws: PostgresError.self) { try await committing.value }
            #expect(error?.sqlState == .queryCanceled)
            #expect(try await connection.value("SELECT 1") == 1)
        }
    }
}
