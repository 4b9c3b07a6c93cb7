import MartletMigrations
import MartletPostgres
public import MartletStreamingLog

extension EmbeddedLog {
    /// Brings the log's schema up to date and returns the names of the migrations that were applied.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    @discardableResult
    public func migrate() async throws -> [String] {
        guard let storage = storage as? PostgresLogStorage else { return [] }
        let migrations = MartletMigrations.streamingLog.map { Migration(name: $0.name, bytes: $0.bytes) }
        return try await Migrator(schema: storage.schema, migrations: migrations).migrate(storage.pool)
    }
}
