public import MartletDomain
public import MartletPostgres

/// The log of all events in one schema of one database: append to streams, read them, run commands on aggregates.
public struct EventStore: Sendable {
    package let storage: any EventStorage
    let codec = EventCodec()
    let cache: StateCache
    let snapshots: SnapshotWriter

    /// Does no I/O; the schema is made by the migrations. Copies share one queue of appends and one cache; make one
    /// store a process.
    public init(
        _ pool: ConnectionPool, schema: SQLIdentifier = "martlet", limits: AppendLimits = AppendLimits(),
        cache: CacheLimits = CacheLimits()
    ) {
        self.init(PostgresStorage(pool, schema: schema, limits: limits), cache: cache)
    }

    /// A store whose appends commit together with what they lead to.
    package init(
        _ pool: ConnectionPool, schema: SQLIdentifier, limits: AppendLimits, cache: CacheLimits,
        inline: (any InlineEffects)?
    ) {
        self.init(PostgresStorage(pool, schema: schema, limits: limits, inline: inline), cache: cache)
    }

    package init(_ storage: any EventStorage, cache: CacheLimits = CacheLimits()) {
        self.storage = storage
        self.cache = StateCache(cache)
        snapshots = SnapshotWriter(storage)
    }

    /// The position of the log's last event.
    /// - Throws: ``EventStoreError/database(_:)``.
    public func head() async throws(EventStoreError) -> GlobalPosition { try await storage.head() }
}
