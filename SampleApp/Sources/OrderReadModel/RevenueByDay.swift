import FoundationEssentials
public import Martlet
public import OrderDomain

/// Keeps the table `revenue_by_day`: what was paid and what was refunded on each day, in UTC.
///
/// What a fulfilment took counts on the day on which it was completed; what it gave back was never revenue.
///
/// Adding is not idempotent; that each event is added once is what Martlet promises. Orders of both partitions have
/// payments on one day, so it is the database that adds them up.
public struct RevenueByDay: Projection {
    public static let name = "revenue_by_day"
    public static let partitions = 2

    public static let tables = [
        ReadModelTable(
            "revenue_by_day",
            """
            CREATE TABLE revenue_by_day (
                paid_cents bigint NOT NULL,
                refunded_cents bigint NOT NULL,
                paid_orders bigint NOT NULL,
                refunded_orders bigint NOT NULL,
                day date NOT NULL,
                CONSTRAINT revenue_by_day_pkey PRIMARY KEY (day)
            )
            """,
            """
            COMMENT ON TABLE revenue_by_day IS
                'Payments on the day of the payment and refunds on the day of the refund; revenue is their difference.'
            """)
    ]

    public init() {}

    public func project(_ recorded: Recorded<Order>, in transaction: Transaction) async throws {
        switch recorded.event {
        case .paid(let cents, let at), .completed(let cents, let at): transaction.enqueue(addition(on: at, paid: cents))
        case .cancelled(_, let cents, let at) where cents > 0: transaction.enqueue(addition(on: at, refunded: cents))
        case .placed, .shipped, .cancelled, .fulfilmentRequested, .cancellationRequested: break
        }
    }

    private func addition(on time: Date, paid: Int = 0, refunded: Int = 0) -> SQL {
        """
        INSERT INTO revenue_by_day AS known (day, paid_cents, refunded_cents, paid_orders, refunded_orders)
        VALUES ((\(time) AT TIME ZONE 'UTC')::date, \(paid), \(refunded), \(paid > 0 ? 1 : 0), \(refunded > 0 ? 1 : 0))
        ON CONFLICT ON CONSTRAINT revenue_by_day_pkey DO UPDATE SET
            paid_cents = known.paid_cents + EXCLUDED.paid_cents,
            refunded_cents = known.refunded_cents + EXCLUDED.refunded_cents,
            paid_orders = known.paid_orders + EXCLUDED.paid_orders,
            refunded_orders = known.refunded_orders + EXCLUDED.refunded_orders
        """
    }
}
