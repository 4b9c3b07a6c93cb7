public import Martlet

/// A schema that `migrate` brings up to date.
public struct MigratedSchema: Sendable {
    let name: String
    let migrate: @Sendable () async throws -> [String]
    let pending: @Sendable () async throws -> [String]

    /// Martlet's own.
    public init(_ application: Application) {
        name = application.schema.name
        migrate = { try await application.migrate() }
        pending = { try await application.pendingMigrations() }
    }

    /// One of the application's own, such as that of its read models.
    public init(_ name: SQLIdentifier, _ migrations: [Migration], on pool: ConnectionPool) {
        let migrator = Migrator(schema: name, migrations: migrations)
        self.name = name.name
        migrate = { try await migrator.migrate(pool) }
        pending = { try await migrator.pending(pool).map(\.name) }
    }
}

/// The command `migrate`: brings schemas up to date, one after the other, and says what it applied.
public struct MigrateCommand: Sendable {
    public static let syntax = CommandSyntax(
        "migrate", "brings the database's schemas up to date; safe to run again, and by several at once",
        options: [
            .flag("dry-run", "say what would be applied and change nothing"),
            .flag("json", "print one JSON object instead of text"),
        ],
        examples: [.init("migrate"), .init("migrate --dry-run", "what a new release would change")])

    private let schemas: [MigratedSchema]

    public init(_ schemas: [MigratedSchema]) {
        self.schemas = schemas
    }

    /// Returns what is to be printed on standard output.
    /// - Throws: ``MigrationError``, ``PostgresError``; what was applied before stays applied.
    public func run(_ arguments: Arguments) async throws -> String {
        let isDryRun = arguments.has("dry-run")
        var applied: [(schema: String, migration: String)] = []
        for schema in schemas {
            for name in try await isDryRun ? schema.pending() : schema.migrate() { applied.append((schema.name, name)) }
        }
        return arguments.has("json") ? json(applied, isDryRun: isDryRun) : text(applied, isDryRun: isDryRun)
    }

    private func text(_ applied: [(schema: String, migration: String)], isDryRun: Bool) -> String {
        guard !applied.isEmpty else {
            return "nothing to do: \(schemas.map { "\"\($0.name)\"" }.joined(separator: ", ")) up to date"
        }
        return applied.map { "\(isDryRun ? "would apply" : "applied") \($0.schema)/\($0.migration)" }
            .joined(separator: "\n")
    }

    /// The names are identifiers and file names, which need no escape.
    private func json(_ applied: [(schema: String, migration: String)], isDryRun: Bool) -> String {
        let list = applied.map { "{\"schema\":\"\($0.schema)\",\"migration\":\"\($0.migration)\"}" }
        return "{\"\(isDryRun ? "pending" : "applied")\":[\(list.joined(separator: ","))]}"
    }
}
