import Foundation
import MartletTesting
import Testing

@testable import MartletPostgres

@Suite(.tags(.database)) struct ConnectionTests {
    @Test func `a violated constraint is told by SQLSTATE and name, and values only when debugging`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (secret text CONSTRAINT t_secret_key UNIQUE)")
            try await connection.execute("INSERT INTO t VALUES (\("hunter2"))")
            let error = try #require(
                await #expect(throws: PostgresError.self) {
                    try await connection.execute("INSERT INTO t VALUES (\("hunter2"))")
                })
            #expect(error.sqlState == .uniqueViolation)
            #expect(error.constraint == "t_secret_key")
            #expect(error.statement == "INSERT INTO t VALUES ($1)")
            #expect(!error.description.contains("hunter2"))
            #expect(error.debugDescription.contains("hunter2"))
        }
    }

    @Test func `a transaction commits when its block returns and leaves nothing when it throws`() async throws {
        struct Stop: Error {}
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int)")
            try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1)") }
            await #expect(throws: Stop.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (2)")
                    throw Stop()
                }
            }
            #expect(try await connection.value("SELECT array_agg(n) FROM t") == [Int32(1)])
        }
    }

    @Test func `a failed transaction keeps its first error, also when the block goes on`() async throws {
        try await withConnection { connection async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    do { try await transaction.query("SELECT 1/0") } catch {}
                    do { try await transaction.query("SELECT 1") } catch {}
                }
            }
            #expect(error?.sqlState.rawValue == "22012")
            #expect(try await connection.value("SELECT 1") == 1)
        }
    }

    @Test func `a transaction is of no use after its block`() async throws {
        try await withConnection { connection async throws in
            let escaped = try await connection.transaction { $0 }
            let error = await #expect(throws: PostgresError.self) { try await escaped.query("SELECT 1") }
            #expect(error?.sqlState == .noActiveTransaction)
        }
    }

    @Test func `a commit whose link is lost is an unknown outcome`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            let killer = try await Connection.open(database.configuration)
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    let session = try await transaction.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
                    try await killer.query("SELECT pg_terminate_backend(\(session), 5000)")
                }
            }
            #expect(error?.sqlState == .transactionResolutionUnknown)
            #expect(error?.leavesOutcomeUnknown == true)
        }
    }

    @Test func `a pipeline answers every statement, or fails as one`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int8)")
            let answers = try await connection.pipeline((1...300).map { "INSERT INTO t VALUES (\($0)) RETURNING n" })
            #expect(try answers.map { rows in try rows[0].decode(Int.self) as Int } == Array(1...300))
            let error = await #expect(throws: PostgresError.self) {
                try await connection.pipeline([
                    "INSERT INTO t VALUES (301)", "SELECT 1/0", "INSERT INTO t VALUES (302)",
                ])
            }
            #expect(error?.sqlState.rawValue == "22012")
            #expect(try await connection.value("SELECT max(n) FROM t") == 300)
            #expect(try await connection.pipeline([]).isEmpty)
        }
    }

    @Test func `rows are copied in and out`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int8, name text, at timestamptz)")
            let copied = try await connection.copyIn(into: "t", columns: ["n", "name", "at"]) { writer in
                for number in 0..<5000 {
                    try await writer.row(
                        number, number.isMultiple(of: 2) ? "even" : nil, Date(timeIntervalSince1970: 0))
                }
            }
            #expect(copied == 5000)
            #expect(try await connection.value("SELECT count(*) FROM t WHERE name IS NULL") == 2500)
            var lines: [String] = []
            try await connection.copyOut("COPY (SELECT n FROM t ORDER BY n LIMIT 3) TO STDOUT") { row in
                lines.append(String(decoding: row, as: UTF8.self))
            }
            #expect(lines == ["0\n", "1\n", "2\n"])
            #expect(try await connection.value("SELECT 1") == 1)
        }
    }

    @Test func `a copy whose writer throws leaves no row`() async throws {
        struct Stop: Error {}
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int8)")
            await #expect(throws: Stop.self) {
                try await connection.copyIn(into: "t", columns: ["n"]) { writer in
                    try await writer.row(1)
                    throw Stop()
                }
            }
            #expect(try await connection.value("SELECT count(*) FROM t") == 0)
        }
    }

    @Test func `a copy whose commit fails is a failure`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int8 UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.copyIn(into: "t", columns: ["n"]) { writer in
                    try await writer.row(1)
                    try await writer.row(1)
                }
            }
            #expect(error?.sqlState == .uniqueViolation)
            #expect(try await connection.value("SELECT count(*) FROM t") == 0)
        }
    }

    @Test func `a row that cannot be copied leaves no part of itself behind`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int8, at timestamptz)")
            let copied = try await connection.copyIn(into: "t", columns: ["n", "at"]) { writer in
                try await writer.row(1, Date(timeIntervalSince1970: 0))
                let error = await #expect(throws: PostgresError.self) {
                    try await writer.row(2, Date(timeIntervalSinceReferenceDate: .infinity))
                }
                #expect(error?.sqlState == .datetimeFieldOverflow)
                try await writer.row(3, Date(timeIntervalSince1970: 0))
            }
            #expect(copied == 2)
            #expect(try await connection.value("SELECT array_agg(n ORDER BY n) FROM t") == [1, 3])
        }
    }

    @Test func `a copy whose reader throws leaves a connection that nobody gets again`() async throws {
        struct Stop: Error {}
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 1)
            try await pool.query("SELECT 1")
            await #expect(throws: Stop.self) {
                try await pool.withConnection { connection in
                    try await connection.copyOut("COPY (SELECT generate_series(1, 100000)) TO STDOUT") { _ in
                        throw Stop()
                    }
                }
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `a cancelled copy ends at the server`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            let statement = "COPY (SELECT pg_sleep(60)) TO STDOUT"
            let copy = Task { try await connection.copyOut("COPY (SELECT pg_sleep(60)) TO STDOUT") { _ in } }
            try await untilRunning(statement, in: database)
            copy.cancel()
            let error = await #expect(throws: PostgresError.self) { try await copy.value }
            #expect(error?.sqlState == .queryCanceled)
        }
    }

    @Test func `COPY in a pipeline is refused instead of hanging`() async throws {
        try await withConnection { connection async throws in
            try await connection.execute("CREATE TABLE t (n int8)")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.pipeline(["SELECT 1", "COPY t FROM STDIN"])
            }
            #expect(error?.sqlState == .protocolViolation)
        }
    }

    @Test(arguments: ["COMMIT", "ROLLBACK"])
    func `a transaction that its own block ended does not pass for a success`(statement: String) async throws {
        try await withConnection { connection async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    try await transaction.run(script: statement)
                    try await transaction.query("SELECT 1")
                }
            }
            #expect(error?.sqlState == .noActiveTransaction)
        }
    }

    @Test func `a session is durable and READ COMMITTED whatever the database's defaults say`() async throws {
        try await ThrowawayDatabase.with { database in
            let before = try await Connection.open(database.configuration)
            let name = try SQLIdentifier(database.name)
            try await before.execute("ALTER DATABASE \(name) SET synchronous_commit = off")
            try await before.execute("ALTER DATABASE \(name) SET default_transaction_isolation = 'repeatable read'")
            let connection = try await Connection.open(database.configuration)
            #expect(try await connection.value("SHOW synchronous_commit") == "on")
            #expect(try await connection.value("SHOW transaction_isolation") == "read committed")
        }
    }

    @Test func `a notification reaches the session that listens`() async throws {
        try await ThrowawayDatabase.with { database in
            let listener = try await Connection.open(database.configuration)
            let sender = try await Connection.open(database.configuration)
            try await listener.listen(to: "news")
            try await sender.query("SELECT pg_notify('news', 'hello')")
            let found = try await listener.nextNotification(within: .seconds(10))
            #expect(found == PostgresNotification(channel: "news", payload: "hello"))
            #expect(try await listener.nextNotification(within: .milliseconds(1)) == nil)
        }
    }

    @Test func `a cancelled task's statement ends at the server and the connection lives on`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            let sleeper = Task { try await connection.query("SELECT pg_sleep(60)") }
            try await untilRunning("SELECT pg_sleep(60)", in: database)
            sleeper.cancel()
            let error = await #expect(throws: PostgresError.self) { try await sleeper.value }
            #expect(error?.sqlState == .queryCanceled)
            #expect(try await connection.value("SELECT 1") == 1)
        }
    }

    private func untilRunning(_ statement: String, in database: ThrowawayDatabase) async throws {
        let watcher = try await Connection.open(database.configuration)
        while try await watcher.value(
            "SELECT count(*) FROM pg_stat_activity WHERE query = \(statement) AND state = 'active'", as: Int.self) == 0
        {
            await Task.yield()
        }
    }

    @Test func `cancelling never hits another statement`() async throws {
        try await withConnection { connection async throws in
            for _ in 0..<300 {
                let cancelled = Task { try await connection.query("SELECT pg_sleep(0.0005)") }
                cancelled.cancel()
                // On the same session, directly behind the one that is being cancelled.
                #expect(try await connection.value("SELECT 1") == 1)
                _ = await cancelled.result
            }
        }
    }

    @Test(arguments: [
        "postgres://ada:s3cret@127.0.0.1:1/x", "host=127.0.0.1 port=1 user=ada password=s3cret dbname=x",
    ])
    func `the password is in no description and no error`(url: String) async throws {
        let configuration = try PostgresConfiguration(url: url)
        var dumped = ""
        dump(configuration, to: &dumped)
        let error = await #expect(throws: PostgresError.self) { try await Connection.open(configuration) }
        for text in ["\(configuration)", String(reflecting: configuration), dumped, String(reflecting: error)] {
            #expect(!text.contains("s3cret"))
        }
        #expect(error?.sqlState == .unableToConnect)
        #expect("\(configuration)".contains("host=127.0.0.1"))
    }

    @Test func `a URL that is none is refused without being repeated`() {
        let error = #expect(throws: PostgresConfiguration.InvalidURL.self) {
            try PostgresConfiguration(url: "postgres://ada:s3%ZZcret@host/x")
        }
        #expect(error.map { !"\($0)".contains("cret") } == true)
    }
}
