public import Martlet
public import OrderDomain

/// Reads the read model; it says what the projections have committed, which may lie behind the log.
public struct OrderQueries: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) {
        self.pool = pool
    }

    /// The order of this id, or nil when the read model has none.
    /// - Throws: ``PostgresError``, ``PostgresDecodingError``.
    public func order(_ id: Order.ID) async throws -> OrderSummary? {
        try await pool.query(
            "SELECT \(OrderSummary.columns) FROM \(ReadModelSchema.name).order_summaries WHERE order_id = \(id.key)"
        ).first.map { row in try OrderSummary(row) }
    }

    /// Orders, the one that was placed last first.
    /// - Parameter position: only those placed before it in the log, as the last page's end says.
    /// - Throws: ``PostgresError``, ``PostgresDecodingError``.
    public func orders(
        _ status: OrderStatus?, before position: GlobalPosition?, limit: Int
    ) async throws -> [OrderSummary] {
        let statusIs: SQL = status.map { "AND status = \($0.rawValue)" } ?? ""
        return try await pool.query(
            """
            SELECT \(OrderSummary.columns) FROM \(ReadModelSchema.name).order_summaries
            WHERE placed_position < \(position?.rawValue ?? .max) \(statusIs)
            ORDER BY placed_position DESC LIMIT \(limit)
            """
        ).map { row in try OrderSummary(row) }
    }

    /// How many orders are in each state, and what they are worth; every state is there.
    /// - Throws: ``PostgresError``, ``PostgresDecodingError``.
    public func tallies() async throws -> [StatusTally] {
        let rows = try await pool.query(
            """
            SELECT status, count(*), sum(item_count)::bigint, sum(total_cents)::bigint
            FROM \(ReadModelSchema.name).order_summaries GROUP BY status
            """)
        let found = try rows.map { row in
            let (status, orders, items, cents) = try row.decode(OrderStatus.self, Int.self, Int.self, Int.self)
            return StatusTally(status: status, orders: orders, items: items, totalCents: cents)
        }
        return OrderStatus.allCases.map { status in
            found.first { $0.status == status } ?? StatusTally(status: status, orders: 0, items: 0, totalCents: 0)
        }
    }

    /// Every day on which something was paid or refunded, in order.
    /// - Throws: ``PostgresError``, ``PostgresDecodingError``.
    public func revenueByDay() async throws -> [DayRevenue] {
        try await pool.query(
            """
            SELECT to_char(day, 'YYYY-MM-DD'), paid_cents, refunded_cents, paid_orders, refunded_orders
            FROM \(ReadModelSchema.name).revenue_by_day ORDER BY day
            """
        ).map { row in
            let (day, paid, refunded, orders, refunds) = try row.decode(
                String.self, Int.self, Int.self, Int.self, Int.self)
            return DayRevenue(
                day: day, paidCents: paid, refundedCents: refunded, paidOrders: orders, refundedOrders: refunds)
        }
    }
}
