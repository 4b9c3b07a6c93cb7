import MartletMigrations
import MartletPostgres
public import MartletStreamingLog

extension EmbeddedLog {
    /// Brings the log's schema up to date and returns the names of the migrations that were applied.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    @discardableResult
    public func migrate() async throws -> [String] {
        guard let storage = storage as? PostgresLogStorage else { return [] }
        return try await storage.migrator.migrate(storage.pool)
    }

    /// The migrations of the log's schema that have not run yet.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    public func pendingMigrations() async throws -> [String] {
        guard let storage = storage as? PostgresLogStorage else { return [] }
        return try await storage.migrator.pending(storage.pool).map(\.name)
    }
}

extension PostgresLogStorage {
    fileprivate var migrator: Migrator {
        let migrations = MartletMigrations.streamingLog.map { Migration(name: $0.name, bytes: $0.bytes) }
        return Migrator(schema: schema, migrations: migrations)
    }
}
