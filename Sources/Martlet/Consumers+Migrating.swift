public import MartletMessaging
import MartletMigrations
import MartletPostgres

extension Consumers {
    /// Brings the schema of the inbox up to date and returns the names of the migrations that were applied.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    @discardableResult
    public func migrate() async throws -> [String] { try await migrator.migrate(pool) }

    /// The migrations of the inbox's schema that have not run yet.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    public func pendingMigrations() async throws -> [String] { try await migrator.pending(pool).map(\.name) }

    private var migrator: Migrator {
        let migrations = MartletMigrations.inbox.map { Migration(name: $0.name, bytes: $0.bytes) }
        return Migrator(schema: schema, migrations: migrations)
    }
}
