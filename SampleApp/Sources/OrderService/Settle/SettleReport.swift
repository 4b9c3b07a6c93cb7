import Martlet
import OrderFulfilment
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
        /// What it waits for, and since when.
        let standing: String
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
        left = standing.isSettled ? [] : try await Self.left(application.process(OrderFulfilment.self))
    }

    /// By the events of the orders that were to be fulfilled; a reason begins with its kind and a colon.
    private static func ends(_ pool: ConnectionPool, _ schema: SQLIdentifier) async throws -> (Int, [Cancelled]) {
        let rows = try await pool.query(
            """
            SELECT type, split_part(coalesce(payload->>'reason', ''), ': ', 1) AS kind, count(*)
            FROM \(schema).events
            WHERE type IN ('order.completed', 'order.cancelled') AND stream_id IN (
                SELECT stream_id FROM \(schema).events WHERE type = 'order.fulfilmentRequested')
            GROUP BY type, kind ORDER BY count(*) DESC, kind
            """
        ).map { try $0.decode(String.self, String.self, Int.self) }
        let cancelled = rows.filter { $0.0 == "order.cancelled" }.map { Cancelled(reason: $0.1, orders: $0.2) }
        return (rows.filter { $0.0 == "order.completed" }.reduce(0) { $0 + $1.2 }, cancelled)
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

    /// Those that wait for an operator, and then the oldest that run.
    private static func left(_ fulfilments: ProcessHandle) async throws -> [Left] {
        var left: [Left] = []
        for filter in [InstanceFilter.stuck, .status(.compensating), .status(.running)] {
            for instance in try await fulfilments.instances(where: filter, limit: 5)
            where left.count < 5 && !left.contains(where: { $0.order == instance.key }) {
                guard let report = try await fulfilments.instance(instance.key) else { continue }
                left.append(
                    Left(
                        order: instance.key, status: instance.status?.rawValue ?? "not begun",
                        phase: instance.phase ?? "", standing: report.waits))
            }
        }
        return left
    }
}
