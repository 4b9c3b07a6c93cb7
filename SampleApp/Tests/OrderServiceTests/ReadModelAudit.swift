import Martlet
import Testing

/// Compares the read models with a fold of the log that is written in SQL and shares no code with the projections.
struct ReadModelAudit {
    let pool: ConnectionPool

    /// Every row on one side that the other lacks, from either side.
    func differences() async throws -> [String] {
        let summaries = try await pool.query(
            """
            WITH events AS (
                SELECT substr(stream_id, 7) AS order_id, split_part(type, '.', 2) AS name, position, version, payload
                FROM martlet.events WHERE stream_id LIKE 'order-%'
            ), folded AS (
                SELECT order_id, min(position) AS placed_position, max(position) AS last_position,
                    max(version) AS version,
                    (array_agg(
                        CASE WHEN name IN ('fulfilmentRequested', 'cancellationRequested') THEN 'fulfilling'
                            ELSE name END
                        ORDER BY version DESC))[1] AS status,
                    (array_agg(payload ORDER BY version))[1] AS placed
                FROM events GROUP BY order_id
            ), expected AS (
                SELECT order_id, placed_position, last_position, version, status, placed->>'customer' AS customer,
                    (placed->>'placedAt')::timestamptz AS placed_at,
                    (SELECT sum((l->>'quantity')::bigint) FROM json_array_elements(placed->'lines') l) AS item_count,
                    (SELECT sum((l->>'quantity')::bigint * (l->>'unitCents')::bigint)
                        FROM json_array_elements(placed->'lines') l) AS total_cents
                FROM folded
            ), found AS (
                SELECT order_id, placed_position, last_position, version, status, customer, placed_at,
                    item_count::numeric, total_cents::numeric
                FROM shop.order_summaries
            )
            (SELECT 'missing ' || row(e.*)::text FROM (TABLE expected EXCEPT TABLE found) e)
            UNION ALL (SELECT 'unexpected ' || row(f.*)::text FROM (TABLE found EXCEPT TABLE expected) f)
            """)
        return try await summaries.map { row in try row.decode(String.self) } + revenueDifferences()
    }

    private func revenueDifferences() async throws -> [String] {
        try await pool.query(
            """
            WITH payments AS (
                SELECT ((payload->>'at')::timestamptz AT TIME ZONE 'UTC')::date AS day,
                    CASE WHEN type IN ('order.paid', 'order.completed') THEN (payload->>'cents')::bigint ELSE 0 END AS paid,
                    CASE type WHEN 'order.cancelled' THEN (payload->>'refundedCents')::bigint ELSE 0 END AS refunded
                FROM martlet.events WHERE type IN ('order.paid', 'order.completed', 'order.cancelled')
            ), expected AS (
                SELECT day, sum(paid) AS paid_cents, sum(refunded) AS refunded_cents,
                    count(*) FILTER (WHERE paid > 0) AS paid_orders, count(*) FILTER (WHERE refunded > 0) AS refunds
                FROM payments WHERE paid > 0 OR refunded > 0 GROUP BY day
            ), found AS (
                SELECT day, paid_cents::numeric, refunded_cents::numeric, paid_orders, refunded_orders
                FROM shop.revenue_by_day
            )
            (SELECT 'missing ' || row(e.*)::text FROM (TABLE expected EXCEPT TABLE found) e)
            UNION ALL (SELECT 'unexpected ' || row(f.*)::text FROM (TABLE found EXCEPT TABLE expected) f)
            """
        ).map { row in try row.decode(String.self) }
    }

    /// How many orders the log has, how many the read model, and how many `placed` events there are.
    func counts() async throws -> (streams: Int, summaries: Int, placed: Int) {
        let rows = try await pool.query(
            """
            SELECT (SELECT count(DISTINCT stream_id) FROM martlet.events),
                (SELECT count(*) FROM shop.order_summaries),
                (SELECT count(*) FROM martlet.events WHERE type = 'order.placed')
            """)
        return try #require(try rows.first?.decode(Int.self, Int.self, Int.self))
    }
}
