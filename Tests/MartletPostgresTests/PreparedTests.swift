import MartletTesting
import Testing

@testable import MartletPostgres

/// Statements that the server keeps parsed.
@Suite(.tags(.database)) struct PreparedTests {
    private func statement(_ number: Int32) -> SQL { .prepared("SELECT \(number) + 1") }

    private func kept(by connection: Connection) async throws -> [String] {
        try await connection.query("SELECT name FROM pg_prepared_statements ORDER BY name").map {
            try $0.decode(String.self)
        }
    }

    private func number(in rows: Rows?) throws -> Int32? { try rows?.first?.decode(Int32.self) }

    @Test func `one text is kept once, however it is sent, and another type of parameter is another one`() async throws
    {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            #expect(try number(in: try await connection.query(statement(1))) == 2)
            let answers = try await connection.pipeline([statement(2), "SELECT 0", statement(3), "SELECT 0"])
            #expect(try number(in: answers[0]) == 3)
            #expect(try number(in: answers[2]) == 4)
            let inside = try await connection.transaction { transaction in
                transaction.enqueue(statement(4))
                return try await transaction.query(statement(5))
            }
            #expect(try number(in: inside) == 6)
            #expect(try await kept(by: connection).count == 1)
            let wide: Int64 = 1
            try await connection.query(.prepared("SELECT \(wide) + 1"))
            #expect(try await kept(by: connection).count == 2)
        }
    }

    @Test func `who loses what was kept goes on without it`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            try await connection.query(statement(1))
            try await connection.query("DEALLOCATE ALL")
            #expect(try number(in: try await connection.query(statement(1))) == 2)
            #expect(try await kept(by: connection).isEmpty)
        }
    }

    @Test func `a transaction that finds it lost fails once, to be tried again`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            try await connection.query(statement(1))
            try await connection.query("DEALLOCATE ALL")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { try await $0.query(statement(1)) }
            }
            #expect(error?.sqlState == .serializationFailure && error?.isOfTheMoment == true)
            let again = try await connection.transaction { try await $0.query(statement(1)) }
            #expect(try number(in: again) == 2)
        }
    }

    /// As behind a transaction pooler, where the session is many clients'.
    @Test func `a name that stands for somebody else's statement is not used`() async throws {
        try await ThrowawayDatabase.with { database in
            let first = try await Connection.open(database.configuration)
            try await first.query(statement(1))
            let name = try #require(try await kept(by: first).first)
            let second = try await Connection.open(database.configuration)
            try await second.query("PREPARE \(try SQLIdentifier(name)) AS SELECT 0")
            #expect(try number(in: try await second.query(statement(1))) == 2)
            #expect(try number(in: try await second.transaction { try await $0.query(statement(2)) }) == 3)
        }
    }

    @Test func `a migration that changes what a statement answers is no failure outside a transaction`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            try await connection.query("CREATE TABLE things (a integer)")
            let all: SQL = .prepared("SELECT * FROM things")
            try await connection.query(all)
            try await connection.query("ALTER TABLE things ADD b integer")
            #expect(try await connection.query(all).isEmpty)
            #expect(try await connection.transaction { try await $0.query(all) }.isEmpty)
        }
    }

    @Test func `what a program prepares by itself fails by its own error, and is no lost race`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            try await connection.query(statement(1))
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { try await $0.query("EXECUTE nothing") }
            }
            #expect(error?.sqlState == .invalidSQLStatementName && error?.isOfTheMoment == false)
            try await connection.transaction { try await $0.query(statement(2)) }
            #expect(try await kept(by: connection).count == 1)
        }
    }

    @Test func `a block that goes on after its only statement was not sent fails by that error`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            await connection.breakLink()
            await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    do { try await transaction.query("SELECT 1") } catch {}
                }
            }
        }
    }

    @Test func `a transaction without a statement costs nothing and leaves nothing`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            #expect(try await connection.transaction { _ in 5 } == 5)
            await #expect(throws: CancellationError.self) {
                try await connection.transaction { _ in throw CancellationError() }
            }
            let pid: Int32 = try await connection.value("SELECT pg_backend_pid()")
            let other = try await Connection.open(database.configuration)
            let state: String = try await other.value("SELECT state FROM pg_stat_activity WHERE pid = \(pid)")
            #expect(state == "idle")
            try await connection.transaction { transaction in
                try await connection.query("CREATE TABLE copied (a integer)")
                let count = try await connection.copyIn(into: "copied", columns: ["a"]) { try await $0.row(Int32(1)) }
                #expect(count == 1)
                #expect(try await transaction.query("SELECT FROM copied").count == 1)
            }
        }
    }
}
