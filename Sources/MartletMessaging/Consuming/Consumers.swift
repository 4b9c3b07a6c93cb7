public import MartletPostgres
public import MartletProjections
public import MartletStreamingLog

/// Consumers of a streaming log whose effects are in one database.
///
/// ```swift
/// let consumers = Consumers(of: log, postgres: .environment) { Notifications() }
/// try await consumers.migrate()
/// try await consumers.run()
/// ```
/// The log may be any, in any database. In the consumers' own, a schema keeps what was taken: a message's effects and the
/// note that it was taken commit together, so that each has its effects once, however often the log delivers it.
public struct Consumers: Sendable {
    /// In the order in which they were given.
    public let consumers: [ConsumerHandle]
    package let pool: ConnectionPool
    package let schema: SQLIdentifier
    private let idRetention: Duration
    private let lease: Duration
    private let log: any StreamingLog
    private let incidents: IncidentReport
    /// How long what goes on behind the messages may fail before an operator is told.
    private let patience: Duration

    /// Wires the consumers; does no I/O.
    /// - Parameters:
    ///   - postgres: where the effects are.
    ///   - schema: where the inbox's tables live, in the same database.
    ///   - connections: the most connections at once.
    ///   - idRetention: how long the ids are kept of messages whose producers do not number them; what comes again later
    ///     takes effect again.
    ///   - lease: how long a process that says nothing more keeps its partitions.
    ///   - incidents: who is told of what an operator should know.
    public init(
        of log: any StreamingLog, postgres: PostgresConfiguration, schema: SQLIdentifier = "martlet_inbox",
        connections: Int = 8, idRetention: Duration = .seconds(7 * 86_400), lease: Duration = .seconds(5),
        incidents: IncidentReport = .standardError, @ConsumersBuilder _ consumers: () -> [ConsumerPart]
    ) {
        self.init(
            of: log, ConnectionPool(postgres, size: connections), schema: schema, idRetention: idRetention,
            lease: lease,
            incidents: incidents, steps: .none, consumers())
    }

    package init(
        of log: any StreamingLog, _ pool: ConnectionPool, schema: SQLIdentifier = "martlet_inbox",
        idRetention: Duration = .seconds(7 * 86_400), lease: Duration = .seconds(5),
        incidents: IncidentReport = .standardError, steps: ConsumerSteps, patience: Duration = .seconds(60),
        _ parts: [ConsumerPart]
    ) {
        (self.incidents, self.patience) = (incidents, patience)
        (self.log, self.pool, self.schema, self.idRetention, self.lease) = (log, pool, schema, idRetention, lease)
        consumers = parts.map { part in
            ConsumerHandle(
                ConsumerSurroundings(
                    part.declaration, log: log, pool: pool, schema: schema, incidents: incidents, steps: steps,
                    patience: patience))
        }
        let names = consumers.map(\.name)
        precondition(Set(names).count == names.count, "expected consumers of different names, found \(names)")
    }

    /// The consumer of this name, or nil.
    public func consumer(named name: String) -> ConsumerHandle? { consumers.first { $0.name == name } }

    /// Takes messages until the task is cancelled, sharing the partitions with every other process that does, through any
    /// absence of the database or the log.
    /// - Throws: `CancellationError`; ``StreamingLogError`` for a topic that is not there; ``PostgresError`` when the
    ///   inbox's tables are missing.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for consumer in consumers {
                let surroundings = consumer.surroundings
                let (declaration, lease) = (surroundings.declaration, lease)
                group.addTask {
                    let options = ConsumeOptions(start: declaration.policy.start, lease: lease)
                    try await surroundings.log.consume(declaration.topics, as: declaration.group, options: options) {
                        try await InboxWorker.run(surroundings, $0)
                    }
                }
                group.addTask { try await DeadLetterSender(surroundings).run() }
            }
            group.addTask { try await keepForeignIDs() }
            // Not waitForAll: that would wait for the others to end before it told of the first failure.
            for try await _ in group {}
        }
    }

    private func keepForeignIDs() async throws {
        let ids = ForeignIDs(pool: pool, schema: schema, retention: idRetention)
        var failing = LastingFailure(patience: patience)
        while true {
            // What keeps it from working now, it meets again next time; nothing else waits for it.
            do throws(PostgresError) {
                try await ids.keep()
                failing.hasPassed()
            } catch {
                if failing.isToBeTold() { tellOfDisorder(error) }
            }
            try await Task.sleep(for: .seconds(60))
        }
    }

    private func tellOfDisorder(_ failure: PostgresError) {
        incidents.tell(
            ProjectionIncident(kind: .keptNoOrder, of: .inbox, projection: schema.name, problem: failure.description))
    }
}

/// The tables of ids of messages that their producers do not number.
package struct ForeignIDs: Sendable {
    let pool: ConnectionPool
    let schema: SQLIdentifier
    let retention: Duration

    package init(pool: ConnectionPool, schema: SQLIdentifier, retention: Duration) {
        (self.pool, self.schema, self.retention) = (pool, schema, retention)
    }

    /// Begins a new table when the last one is a seventh of the retention old, and drops those that are older than it.
    package func keep() async throws(PostgresError) {
        try await pool.query(
            """
            SELECT \(schema).keep_foreign_ids(
                \((retention / 7).inMicroseconds) * interval '1 microsecond',
                \(retention.inMicroseconds) * interval '1 microsecond')
            """)
    }
}

/// One consumer among several.
public struct ConsumerPart: Sendable {
    let declaration: ConsumerDeclaration

    public init<Handler: MessageHandler>(_ handler: Handler) { declaration = ConsumerDeclaration(handler) }

    public init<Handler: BatchMessageHandler>(_ handler: Handler) { declaration = ConsumerDeclaration(handler) }
}

/// Lists consumers: `Consumers(of: log, postgres: .environment) { Notifications(); Statistics() }`.
@resultBuilder
public enum ConsumersBuilder {
    public static func buildExpression<Handler: MessageHandler>(_ handler: Handler) -> [ConsumerPart] {
        [ConsumerPart(handler)]
    }

    public static func buildExpression<Handler: BatchMessageHandler>(_ handler: Handler) -> [ConsumerPart] {
        [ConsumerPart(handler)]
    }

    public static func buildBlock(_ parts: [ConsumerPart]...) -> [ConsumerPart] { parts.flatMap(\.self) }

    public static func buildOptional(_ parts: [ConsumerPart]?) -> [ConsumerPart] { parts ?? [] }

    public static func buildEither(first parts: [ConsumerPart]) -> [ConsumerPart] { parts }

    public static func buildEither(second parts: [ConsumerPart]) -> [ConsumerPart] { parts }

    public static func buildArray(_ parts: [[ConsumerPart]]) -> [ConsumerPart] { parts.flatMap(\.self) }
}
