import Martlet
import OrderReadModel

/// What the read models know of the shop as a whole.
struct ShopReport: Codable, Hashable, Sendable {
    let states: [StatusTally]
    let days: [DayRevenue]

    init(states: [StatusTally], days: [DayRevenue]) {
        self.states = states
        self.days = days
    }

    /// - Throws: `PostgresError`, `PostgresDecodingError`.
    init(_ queries: OrderQueries) async throws {
        self.init(states: try await queries.tallies(), days: try await queries.revenueByDay())
    }

    var orders: Int { states.reduce(0) { $0 + $1.orders } }
    var items: Int { states.reduce(0) { $0 + $1.items } }
    var paidCents: Int { days.reduce(0) { $0 + $1.paidCents } }
    var refundedCents: Int { days.reduce(0) { $0 + $1.refundedCents } }

    /// The day on which most came in; nil when nothing did.
    var busiestDay: DayRevenue? { days.max { $0.revenueCents < $1.revenueCents } }
}
