import MartletDomain
import MartletPostgres

/// The builds of one projection, as the database has them.
struct Builds: Sendable {
    let declaration: ReadModelDeclaration
    let surroundings: ProjectionSurroundings

    init(_ declaration: ReadModelDeclaration, _ surroundings: ProjectionSurroundings) {
        (self.declaration, self.surroundings) = (declaration, surroundings)
    }

    private var schema: SQLIdentifier { surroundings.schema }

    /// What the database knows of a build.
    struct Known: Sendable {
        let target: BuildTarget
        let digest: String
        let tables: [SQLIdentifier]
    }

    func find(_ stage: BuildTarget.Stage) async throws -> Known? {
        try await surroundings.pool.transaction { transaction in try await find(stage, in: transaction) }
    }

    func find(_ stage: BuildTarget.Stage, in transaction: Transaction) async throws -> Known? {
        try await transaction.query(
            """
            SELECT build, version, partitions, digest, tables FROM \(schema).projection_builds
            WHERE projection = \(declaration.name) AND stage = \(stage.rawValue)
            """
        ).first.map { row in
            let (build, version, partitions, digest, tables) = try row.decode(
                Int64.self, Int32.self, Int16.self, String.self, [String].self)
            return Known(
                target: BuildTarget(
                    build: build, stage: stage, version: Int(version), partitions: Int(partitions), schema: schema,
                    tables: surroundings.tables(of: stage)),
                digest: digest, tables: try tables.map { try SQLIdentifier($0) })
        }
    }

    /// The live build; makes its tables when there is none yet.
    /// - Throws: ``ProjectionError/declaredOtherwise(projection:version:)``.
    func live() async throws -> BuildTarget {
        try await surroundings.pool.transaction { transaction in
            try await lock(transaction)
            guard let known = try await find(.live, in: transaction) else {
                return try await create(.live, in: transaction)
            }
            try check(known)
            return known.target
        }
    }

    /// The tables that ``live()`` would make, also before the first migration.
    /// - Throws: as ``live()``.
    func missingTables() async throws -> [SQLIdentifier] {
        try await surroundings.pool.transaction { transaction in
            guard let known = try await findEarly(in: transaction) else { return declaration.tables.map(\.name) }
            try check(known)
            return []
        }
    }

    /// Whether there is a live build, also before the first migration.
    func isThere() async throws -> Bool {
        try await surroundings.pool.transaction { transaction in try await findEarly(in: transaction) != nil }
    }

    private func findEarly(in transaction: Transaction) async throws -> Known? {
        let isMigrated = try await transaction.query(
            "SELECT to_regclass(\("\(schema).projection_builds")) IS NOT NULL"
        ).first?.decode(Bool.self)
        return isMigrated == true ? try await find(.live, in: transaction) : nil
    }

    private func check(_ known: Known) throws(ProjectionError) {
        guard known.target.version == declaration.version, known.digest != declaration.digest else { return }
        throw .declaredOtherwise(projection: declaration.name, version: declaration.version)
    }

    /// One process at a time makes or swaps builds of a projection.
    func lock(_ transaction: Transaction) async throws {
        try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended(\("martlet.\(schema).\(declaration.name)"), 0))")
    }

    /// Makes the tables of a build, and what says where it stands: at the log's start.
    func create(_ stage: BuildTarget.Stage, in transaction: Transaction) async throws -> BuildTarget {
        let tables = surroundings.tables(of: stage)
        if !declaration.tables.isEmpty {
            // Several projections share it, and so does what the app makes there itself. Two that make it at once would
            // both find it missing.
            transaction.enqueue("SELECT pg_advisory_xact_lock(hashtextextended(\("martlet.schema.\(tables)"), 0))")
            try await transaction.execute("CREATE SCHEMA IF NOT EXISTS \(tables)")
        }
        transaction.enqueue(Checkpoint.settings(tables: tables))
        for statement in declaration.tables.flatMap(\.statements) { transaction.enqueue(statement) }
        let row = try await transaction.query(
            """
            INSERT INTO \(schema).projection_builds (version, partitions, projection, stage, digest, tables)
            VALUES (\(Int32(clamping: declaration.version)), \(Int16(declaration.partitions)), \(declaration.name),
                \(stage.rawValue), \(declaration.digest), \(declaration.tables.map(\.name.name)))
            RETURNING build
            """)
        guard let build = try row.first?.decode(Int64.self) else { throw ProjectionError.unknown(declaration.name) }
        let start: SQL =
            declaration.beginsAtEnd ? "(SELECT coalesce(max(e.position), 0) FROM ONLY \(schema).events e)" : "0"
        transaction.enqueue(
            """
            INSERT INTO \(schema).projection_partitions (build, partition, position)
            SELECT \(build), n, \(start) FROM generate_series(0, \(declaration.partitions) - 1) n
            """)
        transaction.enqueue(
            """
            INSERT INTO \(schema).projection_leases (build, partition)
            SELECT \(build), n FROM generate_series(0, \(declaration.partitions) - 1) n
            """)
        return BuildTarget(
            build: build, stage: stage, version: declaration.version, partitions: declaration.partitions,
            schema: schema, tables: tables)
    }
}
