import Martlet
import OrderFulfilment

/// How far the fulfilments have come, by the tables of the process manager.
struct FulfilmentStanding: Codable, Hashable, Sendable {
    /// Events of the log that it has yet to look at.
    let lag: Int64
    /// Orders whose fulfilment has not ended.
    let open: Int
    /// Commands and calls that have not arrived.
    let outgoing: Int
    /// Of these, those that were given up, and orders with an event that it could not take: they wait for an operator.
    let parked: Int

    /// Nothing will happen until somebody orders something.
    var isSettled: Bool { lag == 0 && open == 0 && outgoing == 0 }

    /// - Throws: `PostgresError`, also when there are no such tables; `PostgresDecodingError`.
    init(_ application: Application) async throws {
        let schema = application.schema
        let row = try await application.pool.query(
            """
            WITH \(Self.build(schema))
            SELECT greatest(0, (SELECT coalesce(max(position), 0) FROM ONLY \(schema).events)
                    - coalesce((SELECT min(position) FROM \(schema).projection_partitions JOIN build USING (build)), 0)),
                (SELECT count(*) FROM \(schema).process_instances JOIN build USING (build) WHERE ended_at IS NULL),
                (SELECT count(*) FROM \(schema).process_effects JOIN build USING (build)),
                (SELECT count(*) FROM \(schema).process_effects JOIN build USING (build) WHERE parked_at IS NOT NULL)
                    + (SELECT count(DISTINCT key) FROM \(schema).dead_letters JOIN build USING (build)
                        WHERE state = 'parked')
            """)[0]
        (lag, open, outgoing, parked) = try row.decode(Int64.self, Int.self, Int.self, Int.self)
    }

    /// How many orders' fulfilments have ended, one way or the other.
    static func ended(_ application: Application) async throws -> Int {
        try await application.pool.query(
            """
            WITH \(build(application.schema))
            SELECT count(*) FROM \(application.schema).process_instances JOIN build USING (build)
            WHERE ended_at IS NOT NULL
            """)[0].decode(Int.self)
    }

    /// The build of the process manager as a table expression.
    static func build(_ schema: SQLIdentifier) -> SQL {
        """
        build AS (
            SELECT build FROM \(schema).projection_builds
            WHERE projection = \(OrderFulfilment.name) AND stage = 'live')
        """
    }
}
