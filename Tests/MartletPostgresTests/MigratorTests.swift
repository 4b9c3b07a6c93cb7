import MartletTesting
import Testing

@testable import MartletPostgres

@Suite(.tags(.database)) struct MigratorTests {
    private let first = migration("V0001_a.sql", "CREATE TABLE {schema}.a (n int);")
    private let second = migration("V0002_b.sql", "CREATE TABLE {schema}.b (n int); INSERT INTO {schema}.b VALUES (1);")

    private static func migration(_ name: String, _ text: String) -> Migration {
        Migration(name: name, bytes: Array(text.utf8))
    }

    private func migrate(_ pool: ConnectionPool, _ migrations: [Migration]) async throws -> [String] {
        try await Migrator(schema: "app", migrations: migrations).migrate(pool)
    }

    private func withPool(_ body: (ConnectionPool) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            try await body(ConnectionPool(database.configuration, size: 8, patience: .seconds(30)))
        }
    }

    @Test func `what is missing is applied, once and in order`() async throws {
        try await withPool { pool async throws in
            #expect(try await Migrator(schema: "app", migrations: [first]).pending(pool) == [first])
            #expect(try await migrate(pool, [first]) == ["V0001_a.sql"])
            #expect(try await migrate(pool, [first, second]) == ["V0002_b.sql"])
            #expect(try await migrate(pool, [first, second]) == [])
            #expect(try await Migrator(schema: "app", migrations: [first, second]).pending(pool) == [])
        }
    }

    @Test func `eight at once apply each migration once`() async throws {
        try await withPool { pool async throws in
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<8 { group.addTask { try await migrate(pool, [first, second]) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == ["V0001_a.sql", "V0002_b.sql"])
        }
    }

    @Test func `an edited migration is an error that names the file`() async throws {
        try await withPool { pool async throws in
            _ = try await migrate(pool, [first])
            let edited = Self.migration("V0001_a.sql", "CREATE TABLE {schema}.a (n bigint);")
            let error = await #expect(throws: MigrationError.self) { try await migrate(pool, [edited, second]) }
            #expect(error?.description.contains("\"V0001_a.sql\" of schema \"app\" was edited") == true)
            #expect(try await pool.query("SELECT to_regclass('app.b') IS NULL")[0].decode(Bool.self))
        }
    }

    @Test func `a migration that the program does not know is an error that names it`() async throws {
        try await withPool { pool async throws in
            _ = try await migrate(pool, [first, second])
            await #expect(throws: MigrationError.unknown(schema: "app", name: "V0002_b.sql")) {
                try await migrate(pool, [first])
            }
        }
    }

    @Test func `a migration slipped in before one that has run is an error`() async throws {
        try await withPool { pool async throws in
            _ = try await migrate(pool, [second])
            await #expect(
                throws: MigrationError.outOfOrder(schema: "app", expected: "V0001_a.sql", found: "V0002_b.sql")
            ) { try await migrate(pool, [first, second]) }
        }
    }

    @Test func `a failing migration names its file, changes nothing and keeps those before it`() async throws {
        try await withPool { pool async throws in
            let broken = Self.migration("V0002_b.sql", "CREATE TABLE {schema}.b (n int); SELECT 1/0;")
            let error = await #expect(throws: MigrationError.self) { try await migrate(pool, [first, broken]) }
            #expect(error?.description.contains("\"V0002_b.sql\"") == true)
            let tables = try await pool.query("SELECT to_regclass('app.a')::text, to_regclass('app.b')::text")[0]
            let (created, failed) = try tables.decode(String?.self, String?.self)
            #expect(created == "app.a")
            #expect(failed == nil)
        }
    }
}
