public import MartletDomain
public import MartletEventStore
public import MartletMessaging
import MartletMigrations
public import MartletPostgres
public import MartletProcesses
public import MartletProjections
public import MartletStreamingLog

/// An application on one event store: commands in, events kept, projections kept up to date.
///
/// ```swift
/// let bank = Application(postgres: .environment) { Balances() }
/// try await bank.migrate()
/// try await bank.execute(.send(cents: 5_00, to: "bob"), on: Account.ID("ada"))
/// ```
public struct Application: Sendable {
    public let store: EventStore
    public let pool: ConnectionPool
    /// Where Martlet's tables live.
    public let schema: SQLIdentifier
    /// Where the projections' tables live.
    public let readModels: SQLIdentifier
    let commandRetention: Duration?
    /// In the order in which they were given.
    public let projections: [ProjectionHandle]
    /// In the order in which they were given.
    public let processes: [ProcessHandle]
    /// In the order in which they were given.
    public let publications: [PublicationHandle]
    /// The streaming log in the application's own database. Its schema is made by ``migrate()`` where a publication goes
    /// into it.
    public let log: EmbeddedLog
    package let publishesIntoLog: Bool
    let incidents: IncidentReport
    package let logSchema: SQLIdentifier

    /// Wires the parts; does no I/O.
    /// - Parameters:
    ///   - schema: where Martlet's tables live; several apps or tenants share a database by it.
    ///   - readModels: where the projections' tables are made; while one is rebuilt, or kept for a roll-back, others stand
    ///     beside it in schemas of this name and an ending.
    ///   - logSchema: where the tables of ``log`` live.
    ///   - connections: the most connections at once, besides the one that listens while ``run()`` or a
    ///     subscription does.
    ///   - limits: how much the appends may pile up before they are refused.
    ///   - cache: how much of the aggregates' states is kept between commands.
    ///   - commandRetention: how long the answers to commands with ids are kept, a minute or more; nil is for ever.
    ///     ``run()`` forgets the older ones.
    ///   - lease: how long a process that says nothing more keeps its partitions of a projection.
    ///   - incidents: who is told of what an operator should know.
    public init(
        postgres: PostgresConfiguration, schema: SQLIdentifier = "martlet", readModels: SQLIdentifier = "read_models",
        logSchema: SQLIdentifier = "martlet_log", connections: Int = 16, limits: AppendLimits = AppendLimits(),
        cache: CacheLimits = CacheLimits(), commandRetention: Duration? = nil, lease: Duration = .seconds(5),
        incidents: IncidentReport = .standardError,
        @ApplicationBuilder parts: () -> [ApplicationPart] = { [] }
    ) {
        self.init(
            postgres: postgres, schema: schema, readModels: readModels, logSchema: logSchema, connections: connections,
            limits: limits, cache: cache, commandRetention: commandRetention, lease: lease, incidents: incidents,
            time: .database, parts: parts())
    }

    /// - Parameter time: the clock of timers.
    package init(
        postgres: PostgresConfiguration, schema: SQLIdentifier = "martlet", readModels: SQLIdentifier = "read_models",
        logSchema: SQLIdentifier = "martlet_log", connections: Int = 16, limits: AppendLimits = AppendLimits(),
        cache: CacheLimits = CacheLimits(), commandRetention: Duration? = nil, lease: Duration = .seconds(5),
        incidents: IncidentReport = .standardError, time: TimeSource, parts: [ApplicationPart]
    ) {
        pool = ConnectionPool(postgres, size: connections)
        (self.schema, self.readModels) = (schema, readModels)
        precondition(
            commandRetention.map { $0 >= .seconds(60) } ?? true,
            "expected command answers to be kept for a minute or more, found \(commandRetention ?? .zero)")
        (self.commandRetention, self.incidents) = (commandRetention, incidents)
        let pool = pool
        func surroundings(_ store: EventStore) -> ProjectionSurroundings {
            ProjectionSurroundings(
                store: store, pool: pool, schema: schema, readModels: readModels, lease: lease, incidents: incidents)
        }
        // The inline ones are wired before the store that they are a part of.
        let ahead = surroundings(EventStore(pool, schema: schema))
        let inline = InlineProjections(parts.filter(\.isInline).compactMap { $0.projection(in: ahead) })
        store = EventStore(pool, schema: schema, limits: limits, cache: cache, inline: inline)
        let wired = surroundings(store)
        projections = parts.compactMap { $0.projection(in: wired) }
        processes = parts.compactMap { $0.process(in: wired, time) }
        let log = EmbeddedLog(PostgresLogStorage(pool, schema: logSchema))
        (self.log, self.logSchema) = (log, logSchema)
        publishesIntoLog = parts.contains(where: \.publishesIntoOwnLog)
        publications = parts.compactMap { $0.publication(in: wired, log) }
        let names = projections.map(\.name) + processes.map(\.name) + publications.map(\.name)
        precondition(Set(names).count == names.count, "expected parts of different names, found \(names)")
    }

    /// Brings Martlet's schema up to date, makes the tables of projections that are new, lets process managers and
    /// publications begin that are new, with their topics in ``log``, and returns the names of the migrations that were applied.
    /// - Throws: ``MigrationError``, ``ProjectionError/declaredOtherwise(projection:version:)``, ``PostgresError``,
    ///   ``StreamingLogError``.
    @discardableResult
    public func migrate() async throws -> [String] {
        let applied = try await migrateSchema()
        _ = try await makeTables()
        _ = try await beginProcesses()
        let logged = try await migrateLog()
        _ = try await beginPublications()
        return applied + logged
    }

    /// The first part of ``migrate()``.
    package func migrateSchema() async throws -> [String] { try await migrator.migrate(pool) }

    /// The second part of ``migrate()``; returns the names of the tables that it made.
    package func makeTables() async throws -> [String] {
        var made: [String] = []
        for projection in projections { made += try await projection.prepare().map(\.name) }
        return made
    }

    /// The third part of ``migrate()``; returns the names of the process managers that it let begin.
    package func beginProcesses() async throws -> [String] {
        let begun = try await pendingProcesses()
        for process in processes { _ = try await process.follower.prepare() }
        return begun
    }

    /// The fourth part of ``migrate()``: the schema of ``log``, where a publication goes into it.
    package func migrateLog() async throws -> [String] { publishesIntoLog ? try await log.migrate() : [] }

    /// The last part of ``migrate()``; returns the names of the publications that it let begin.
    package func beginPublications() async throws -> [String] {
        let begun = try await pendingPublications()
        for publication in publications {
            if publication.isIntoOwnLog { try await publication.prepareTopic() }
            _ = try await publication.follower.prepare()
        }
        return begun
    }

    /// The migrations of Martlet's schema that have not run yet.
    /// - Throws: ``MigrationError``, ``PostgresError``.
    public func pendingMigrations() async throws -> [String] {
        try await migrator.pending(pool).map(\.name)
    }

    /// The tables of projections that ``migrate()`` has yet to make, and the names of the process managers that it has
    /// yet to let begin.
    /// - Throws: ``ProjectionError/declaredOtherwise(projection:version:)``, ``PostgresError``.
    public func pendingTables() async throws -> [String] {
        try await pendingReadModels() + pendingProcesses()
    }

    package func pendingReadModels() async throws -> [String] {
        var pending: [String] = []
        for projection in projections { pending += try await projection.missingTables().map(\.name) }
        return pending
    }

    package func pendingProcesses() async throws -> [String] {
        var pending: [String] = []
        for process in processes where try await !process.follower.isPrepared() { pending.append(process.name) }
        return pending
    }

    package func pendingPublications() async throws -> [String] {
        var pending: [String] = []
        for publication in publications where try await !publication.follower.isPrepared() {
            pending.append(publication.name)
        }
        return pending
    }

    package func pendingLogMigrations() async throws -> [String] {
        publishesIntoLog ? try await log.pendingMigrations() : []
    }

    /// Runs a command on an aggregate: load, decide, append, and again from the start when another was faster.
    ///
    /// Returns once the events are durable.
    /// - Throws: ``ExecuteError``, with the domain's own rejection in it.
    @discardableResult
    public func execute<A: Aggregate>(
        _ command: A.Command, on id: StreamID<A>, metadata: Metadata = .none
    ) async throws(ExecuteError<A.Rejection>) -> Receipt {
        try await store.execute(command, on: id, metadata: metadata)
    }

    /// Runs a command that has an id, so that it takes effect once however often it is sent; see
    /// ``EventStore/execute(_:on:as:metadata:)``.
    /// - Throws: ``ExecuteError``, with the domain's own rejection in it.
    @discardableResult
    public func execute<A: Aggregate>(
        _ command: A.Command, on id: StreamID<A>, as commandID: CommandID, metadata: Metadata = .none
    ) async throws(ExecuteError<A.Rejection>) -> Receipt where A.Command: Encodable, A.Rejection: Codable {
        try await store.execute(command, on: id, as: commandID, metadata: metadata)
    }

    /// How each projection is doing.
    /// - Throws: ``PostgresError`` or ``EventStoreError`` when the database cannot be asked.
    public func projectionStatuses() async throws -> [ProjectionStatus] {
        var statuses: [ProjectionStatus] = []
        for projection in projections { statuses.append(try await projection.status()) }
        return statuses
    }

    /// The projection of this type.
    /// - Precondition: the application was given one.
    public func projection<Model: ReadModel>(_: Model.Type) -> ProjectionHandle {
        do { return try projection(named: Model.name) } catch { preconditionFailure(error.description) }
    }

    /// The projection of this name.
    /// - Throws: ``ProjectionError/unknown(_:)``.
    public func projection(named name: String) throws(ProjectionError) -> ProjectionHandle {
        guard let found = projections.first(where: { $0.name == name }) else { throw .unknown(name) }
        return found
    }

    /// The process manager of this type.
    /// - Precondition: the application was given it.
    public func process<P: ProcessManager>(_: P.Type) -> ProcessHandle {
        guard let found = processes.first(where: { $0.name == P.name }) else {
            preconditionFailure("expected the process manager \"\(P.name)\" among the application's parts")
        }
        return found
    }

    /// Waits until every projection has committed a position's effect, in whatever process; true when they have.
    /// - Throws: as ``projectionStatuses()``, and `CancellationError`.
    public func caughtUp(to position: GlobalPosition, within limit: Duration = .seconds(5)) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        for projection in projections {
            guard try await projection.caughtUp(to: position, within: deadline - .now) else { return false }
        }
        return true
    }

    private var migrator: Migrator {
        let migrations = MartletMigrations.files.map { Migration(name: $0.name, bytes: $0.bytes) }
        return Migrator(schema: schema, migrations: migrations)
    }
}
