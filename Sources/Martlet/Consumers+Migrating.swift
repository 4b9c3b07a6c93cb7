public import MartletMessaging
import MartletMigrations
import MartletPostgres

extension Consumers {
    /// Brings the schema of the inbox up to date and returns the names of the migrations that were applied.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    @discardableResult
    public func migrate() async throws -> [String] {
        let migrations = MartletMigrations.inbox.map { Migration(name: $0.name, bytes: $0.bytes) }
        return try await Migrator(schema: schema, migrations: migrations).migrate(pool)
    }
}
