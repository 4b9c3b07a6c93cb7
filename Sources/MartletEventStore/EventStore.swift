public import MartletDomain
public import MartletPostgres

/// The log of all events in one schema of one database: append to streams, read them, run commands on aggregates.
public struct EventStore: Sendable {
    public let pool: ConnectionPool
    public let schema: SQLIdentifier
    let codec = EventCodec()
    let appender: Appender

    /// Does no I/O; the schema is made by the migrations. Copies share one queue of appends; make one store a process.
    public init(_ pool: ConnectionPool, schema: SQLIdentifier = "martlet") {
        self.pool = pool
        self.schema = schema
        appender = Appender(AppendCall(pool: pool, schema: schema))
    }

    /// The position of the log's last event.
    /// - Throws: ``EventStoreError/database(_:)``.
    public func head() async throws(EventStoreError) -> GlobalPosition {
        let rows = try await rows(of: "SELECT coalesce(max(position), 0) FROM \(schema).events")
        return try decoding { () throws(PostgresDecodingError) in
            guard let row = rows.first else { return .start }
            return GlobalPosition(rawValue: try row.decode(Int64.self))
        }
    }

    func rows(of sql: SQL) async throws(EventStoreError) -> Rows {
        do throws(PostgresError) { return try await pool.query(sql) } catch { throw .database(error) }
    }
}
