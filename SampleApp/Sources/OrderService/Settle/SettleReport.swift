import Martlet
import OrderProviders

/// How the fulfilments of a shop have ended, and what is in its books for them.
struct SettleReport: Codable, Hashable, Sendable {
    /// Orders that were cancelled for reasons of one kind.
    struct Cancelled: Codable, Hashable, Sendable {
        let reason: String
        let orders: Int
    }

    /// By the account of the providers, and of the stock.
    struct Books: Codable, Hashable, Sendable {
        let authorisedCents: Int
        let capturedCents: Int
        let voidedCents: Int
        let refundedCents: Int
        let dispatchedPieces: Int
        let dispatchedArticles: Int

        var keptCents: Int { capturedCents.subtractingReportingOverflow(refundedCents).partialValue }
    }

    /// An order whose fulfilment has not ended, or not sent all that it has to send.
    struct Left: Codable, Hashable, Sendable {
        let order: String
        let status: String
        let phase: String
        let waitsFor: String
    }

    let standing: FulfilmentStanding
    let seconds: Double
    let completed: Int
    /// The most frequent first.
    let cancelled: [Cancelled]
    let books: Books
    /// A few of them.
    let left: [Left]

    /// - Throws: `PostgresError`, `PostgresDecodingError`.
    init(_ application: Application, _ standing: FulfilmentStanding, after time: Duration) async throws {
        (self.standing, seconds) = (standing, time / .seconds(1))
        let (pool, schema) = (application.pool, application.schema)
        (completed, cancelled) = try await Self.ends(pool, schema)
        books = try await Self.books(pool, schema)
        left = standing.isSettled ? [] : try await Self.left(pool, schema)
    }

    /// A reason begins with its kind and a colon.
    private static func ends(_ pool: ConnectionPool, _ schema: SQLIdentifier) async throws -> (Int, [Cancelled]) {
        let rows = try await pool.query(
            """
            WITH \(FulfilmentStanding.build(schema))
            SELECT status, split_part(coalesce(reason, ''), ': ', 1) AS kind, count(*)
            FROM \(schema).process_instances JOIN build USING (build)
            WHERE ended_at IS NOT NULL GROUP BY status, kind ORDER BY count(*) DESC, kind
            """
        ).map { try $0.decode(String.self, String.self, Int.self) }
        let cancelled = rows.filter { $0.0 == "compensated" }.map { Cancelled(reason: $0.1, orders: $0.2) }
        return (rows.filter { $0.0 == "completed" }.reduce(0) { $0 + $1.2 }, cancelled)
    }

    private static func books(_ pool: ConnectionPool, _ schema: SQLIdentifier) async throws -> Books {
        let row = try await pool.query(
            """
            WITH money AS (SELECT kind, cents FROM \(ProviderLedger.schema).ledger WHERE provider = 'payment'),
                goods AS (
                    SELECT stream_id, (payload->>'quantity')::numeric AS quantity FROM \(schema).events
                    WHERE type = 'stock.dispatched')
            SELECT coalesce((SELECT sum(cents) FROM money WHERE kind = 'authorised'), 0)::bigint,
                coalesce((SELECT sum(cents) FROM money WHERE kind = 'captured'), 0)::bigint,
                coalesce((SELECT sum(cents) FROM money WHERE kind = 'voided'), 0)::bigint,
                coalesce((SELECT sum(cents) FROM money WHERE kind = 'refunded'), 0)::bigint,
                coalesce((SELECT sum(quantity) FROM goods), 0)::bigint,
                (SELECT count(DISTINCT stream_id) FROM goods)
            """)[0]
        let (authorised, captured, voided, refunded, pieces, articles) = try row.decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        return Books(
            authorisedCents: authorised, capturedCents: captured, voidedCents: voided, refundedCents: refunded,
            dispatchedPieces: pieces, dispatchedArticles: articles)
    }

    /// Those that have waited longest; for an operator, or a provider, or else for an event.
    private static func left(_ pool: ConnectionPool, _ schema: SQLIdentifier) async throws -> [Left] {
        try await pool.query(
            """
            WITH \(FulfilmentStanding.build(schema))
            SELECT instance, status, phase, coalesce(
                (SELECT format('an operator, since event %s cannot be taken: %s', position, problem)
                    FROM \(schema).dead_letters d
                    WHERE d.build = i.build AND d.key = i.instance AND d.state = 'parked' ORDER BY position LIMIT 1),
                (SELECT concat(CASE WHEN parked_at IS NOT NULL THEN 'an operator, since ' END,
                        format('%s at %s', step, target),
                        CASE WHEN attempts > 0 THEN format(' (%s tries)', attempts) END, ': ' || problem)
                    FROM \(schema).process_effects e
                    WHERE e.build = i.build AND e.instance = i.instance ORDER BY number LIMIT 1),
                'an event')
            FROM \(schema).process_instances i JOIN build USING (build)
            WHERE ended_at IS NULL OR EXISTS (
                SELECT FROM \(schema).process_effects e WHERE e.build = i.build AND e.instance = i.instance)
            ORDER BY changed_at LIMIT 5
            """
        ).map { row in
            let (order, status, phase, waitsFor) = try row.decode(
                String.self, String.self, String.self, String.self)
            return Left(order: order, status: status, phase: phase, waitsFor: waitsFor)
        }
    }
}
