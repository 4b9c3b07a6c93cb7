import Martlet
import OrderReadModel

/// What the read models know of the shop as a whole.
struct ShopReport: Codable, Hashable, Sendable {
    let states: [StatusTally]
    let days: [DayRevenue]
    /// Events of the log that are not in it yet.
    let lag: Int64

    init(states: [StatusTally], days: [DayRevenue], lag: Int64 = 0) {
        self.states = states
        self.days = days
        self.lag = lag
    }

    /// - Throws: `EventStoreError`, `PostgresError`, `PostgresDecodingError`.
    init(_ application: Application) async throws {
        let queries = OrderQueries(application.pool)
        let lag = try await application.projectionStatuses().map(\.lag).max() ?? 0
        self.init(states: try await queries.tallies(), days: try await queries.revenueByDay(), lag: lag)
    }

    var orders: Int { states.reduce(0) { $0 + $1.orders } }
    var items: Int { states.reduce(0) { $0 + $1.items } }
    var paidCents: Int { days.reduce(0) { $0 + $1.paidCents } }
    var refundedCents: Int { days.reduce(0) { $0 + $1.refundedCents } }

    /// The day on which most came in; nil when nothing did.
    var busiestDay: DayRevenue? { days.max { $0.revenueCents < $1.revenueCents } }
}
