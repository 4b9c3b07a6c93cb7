public import Martlet

/// What `migrate` brings up to date beside Martlet's own schema and the projections' tables.
public struct MigratedSchema: Sendable {
    /// What is done to it.
    enum Step: String, Sendable {
        case migration = "migration"
        case table = "table"
        case process = "process"
        case publication = "publication"
    }

    let name: String
    let step: Step
    let migrate: @Sendable () async throws -> [String]
    let pending: @Sendable () async throws -> [String]

    /// Martlet's own, in which the projections' checkpoints are.
    init(_ application: Application) {
        (name, step) = (application.schema.name, .migration)
        migrate = { try await application.migrateSchema() }
        pending = { try await application.pendingMigrations() }
    }

    /// That of the tables which the application's projections declare.
    init(readModelsOf application: Application) {
        (name, step) = (application.readModels.name, .table)
        migrate = { try await application.makeTables() }
        pending = { try await application.pendingReadModels() }
    }

    /// The process managers, which begin to follow the log where it ends now.
    init(processesOf application: Application) {
        (name, step) = (application.schema.name, .process)
        migrate = { try await application.beginProcesses() }
        pending = { try await application.pendingProcesses() }
    }

    /// That of the streaming log in the application's database, where a publication goes into it.
    init(logOf application: Application) {
        (name, step) = (application.logSchema.name, .migration)
        migrate = { try await application.migrateLog() }
        pending = { try await application.pendingLogMigrations() }
    }

    /// The publications, with their topics.
    init(publicationsOf application: Application) {
        (name, step) = (application.schema.name, .publication)
        migrate = { try await application.beginPublications() }
        pending = { try await application.pendingPublications() }
    }

    /// That of the inbox of consumers, in their database.
    public init(inboxOf consumers: Consumers) {
        (name, step) = (consumers.schema.name, .migration)
        migrate = { try await consumers.migrate() }
        pending = { try await consumers.pendingMigrations() }
    }

    /// One of the application's own, with tables that no projection declares.
    public init(_ name: SQLIdentifier, _ migrations: [Migration], on pool: ConnectionPool) {
        let migrator = Migrator(schema: name, migrations: migrations)
        (self.name, step) = (name.name, .migration)
        migrate = { try await migrator.migrate(pool) }
        pending = { try await migrator.pending(pool).map(\.name) }
    }
}

/// The command `migrate`: brings schemas up to date, one after the other, and says what it applied and made.
public struct MigrateCommand: Sendable {
    public static let syntax = CommandSyntax(
        "migrate", "brings the database's schemas up to date; safe to run again, and by several at once",
        options: [
            .flag("dry-run", "say what would be applied and change nothing"),
            .flag("json", "print one JSON object instead of text"),
        ],
        examples: [.init("migrate"), .init("migrate --dry-run", "what a new release would change")])

    private let schemas: [MigratedSchema]

    /// - Parameter others: brought up to date after Martlet's schema and the projections' tables.
    public init(_ application: Application, _ others: [MigratedSchema] = []) {
        let processes = application.processes.isEmpty ? [] : [MigratedSchema(processesOf: application)]
        let log = application.publishesIntoLog ? [MigratedSchema(logOf: application)] : []
        let publications = application.publications.isEmpty ? [] : [MigratedSchema(publicationsOf: application)]
        schemas =
            [MigratedSchema(application), MigratedSchema(readModelsOf: application)] + processes + log + publications
            + others
    }

    /// For a program that is no application on an event store.
    public init(_ schemas: [MigratedSchema]) { self.schemas = schemas }

    /// The command, for an application's program.
    public var command: Command {
        Command(Self.syntax) { arguments in
            StandardStream.output.writeLine(try await run(arguments))
            return .success
        }
    }

    /// Returns what is to be printed on standard output.
    /// - Throws: ``MigrationError``, ``ProjectionError``, ``PostgresError``; what was applied before stays applied.
    public func run(_ arguments: Arguments) async throws -> String {
        let isDryRun = arguments.has("dry-run")
        var applied: [Applied] = []
        for schema in schemas {
            for name in try await isDryRun ? schema.pending() : schema.migrate() { applied.append((schema, name)) }
        }
        return arguments.has("json") ? json(applied, isDryRun: isDryRun) : text(applied, isDryRun: isDryRun)
    }

    private typealias Applied = (schema: MigratedSchema, name: String)

    private func text(_ applied: [Applied], isDryRun: Bool) -> String {
        guard !applied.isEmpty else {
            let names = schemas.filter { ![.process, .publication].contains($0.step) }.map { "\"\($0.name)\"" }
            return "nothing to do: \(names.joined(separator: ", ")) up to date"
        }
        return applied.map { schema, name in
            switch schema.step {
            case .migration: "\(isDryRun ? "would apply" : "applied") \(schema.name)/\(name)"
            case .table: "\(isDryRun ? "would make" : "made") table \(schema.name).\(name)"
            case .process, .publication: "\(isDryRun ? "would begin" : "began") \(schema.step.rawValue) \(name)"
            }
        }.joined(separator: "\n")
    }

    /// The names are identifiers and file names, which need no escape; a process's may be anything.
    private func json(_ applied: [Applied], isDryRun: Bool) -> String {
        let list = applied.map { schema, name in
            let name = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return "{\"schema\":\"\(schema.name)\",\"\(schema.step.rawValue)\":\"\(name)\"}"
        }
        return "{\"\(isDryRun ? "pending" : "applied")\":[\(list.joined(separator: ","))]}"
    }
}
