/// Brings one schema up to date: every migration in order, each in one transaction, by one process at a time.
///
/// The history is the table `migrations` in the schema itself. The lock belongs to the transaction, so that
/// nothing is left locked by a process that dies.
public struct Migrator: Sendable {
    private let schema: SQLIdentifier
    private let migrations: [Migration]
    /// How long one process waits for another that migrates.
    private let patience = "60s"

    public init(schema: SQLIdentifier, migrations: [Migration]) {
        self.schema = schema
        self.migrations = migrations
    }

    /// Applies what is missing and returns the names of what it applied.
    /// - Throws: ``MigrationError`` that names the file; ``PostgresError`` when the database is away.
    @discardableResult
    public func migrate(_ pool: ConnectionPool) async throws -> [String] {
        var applied: [String] = []
        while let name = try await applyNext(pool) { applied.append(name) }
        return applied
    }

    /// The migrations that have not run yet; changes nothing.
    /// - Throws: as ``migrate(_:)``.
    public func pending(_ pool: ConnectionPool) async throws -> [Migration] {
        try await pool.transaction { transaction in
            let exists = try await transaction.query("SELECT to_regclass(\("\(schema.quoted).migrations")) IS NOT NULL")
            guard try exists.first?.decode(Bool.self) ?? false else { return migrations }
            return Array(try unapplied(after: try await history(in: transaction)))
        }
    }

    private func applyNext(_ pool: ConnectionPool) async throws -> String? {
        try await pool.transaction { transaction in try await applyNext(in: transaction) }
    }

    private func applyNext(in transaction: Transaction) async throws -> String? {
        try await lock(transaction)
        try await createHistory(in: transaction)
        guard let next = try unapplied(after: try await history(in: transaction)).first else { return nil }
        do throws(PostgresError) {
            try await transaction.run(script: next.script(for: schema))
        } catch {
            throw error.isUnavailability
                ? error : MigrationError.failed(schema: schema.name, name: next.name, error) as any Error
        }
        try await transaction.execute(
            "INSERT INTO \(schema).migrations (name, checksum) VALUES (\(next.name), \(next.checksum))")
        return next.name
    }

    private func lock(_ transaction: Transaction) async throws(PostgresError) {
        try await transaction.query(
            """
            SELECT set_config('lock_timeout', \(patience), true),
                -- A migration is rare and never in an append's way: a starved machine may take its time.
                set_config('idle_in_transaction_session_timeout', \(patience), true)
            """)
        try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended('martlet.migrations.' || \(schema.name), 0))")
    }

    private func createHistory(in transaction: Transaction) async throws(PostgresError) {
        // The one place where IF NOT EXISTS hides nothing: the history says what exists.
        try await transaction.execute("CREATE SCHEMA IF NOT EXISTS \(schema)")
        try await transaction.execute(
            """
            CREATE TABLE IF NOT EXISTS \(schema).migrations (
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                ordinal integer GENERATED ALWAYS AS IDENTITY,
                name text NOT NULL CONSTRAINT migrations_name_key UNIQUE,
                checksum text NOT NULL
            )
            """)
    }

    private func history(in transaction: Transaction) async throws -> [(name: String, checksum: String)] {
        try await transaction.query("SELECT name, checksum FROM \(schema).migrations ORDER BY ordinal")
            .map { row in try row.decode(String.self, String.self) }
    }

    /// What remains, once the history has been found to be a beginning of the migrations.
    private func unapplied(
        after history: [(name: String, checksum: String)]
    ) throws(MigrationError) -> ArraySlice<Migration> {
        for (index, ran) in history.enumerated() {
            guard let known = migrations.first(where: { $0.name == ran.name }) else {
                throw .unknown(schema: schema.name, name: ran.name)
            }
            guard migrations[index] == known else {
                throw .outOfOrder(schema: schema.name, expected: migrations[index].name, found: ran.name)
            }
            guard known.checksum == ran.checksum else {
                throw .edited(schema: schema.name, name: ran.name, expected: ran.checksum, found: known.checksum)
            }
        }
        return migrations.dropFirst(history.count)
    }
}
