import MartletDomain
import MartletPostgres

/// An event store's tables in one schema of one database.
package struct PostgresStorage: EventStorage {
    let pool: ConnectionPool
    let schema: SQLIdentifier
    let appender: Appender
    package let signal: AppendSignal

    /// Does no I/O; the schema is made by the migrations.
    package init(
        _ pool: ConnectionPool, schema: SQLIdentifier, limits: AppendLimits, inline: (any InlineEffects)? = nil
    ) {
        self.pool = pool
        self.schema = schema
        appender = Appender(AppendCall(pool: pool, schema: schema, inline: inline), limits: limits)
        signal = AppendSignal(of: schema, in: pool.configuration)
    }

    package func append(_ unit: AppendUnit) async -> AppendOutcome { await appender.append(unit) }

    package func head() async throws(EventStoreError) -> GlobalPosition {
        let rows = try await rows(of: "SELECT coalesce(max(position), 0) FROM ONLY \(schema).events")
        return GlobalPosition(
            rawValue: try decoding(rows.first) { row throws(PostgresDecodingError) in
                try row.decode(Int64.self)
            })
    }

    func rows(of sql: SQL) async throws(EventStoreError) -> Rows {
        do throws(PostgresError) { return try await pool.query(sql) } catch { throw .database(error) }
    }
}

/// Decodes the one row that a statement must answer with.
func decoding<Value>(
    _ row: Row?, _ body: (Row) throws(PostgresDecodingError) -> Value
) throws(EventStoreError) -> Value {
    guard let row else { throw .corrupt("expected a row, found none") }
    do throws(PostgresDecodingError) { return try body(row) } catch { throw .corrupt(error.description) }
}
