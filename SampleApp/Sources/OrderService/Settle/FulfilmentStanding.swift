import Martlet
import OrderFulfilment

/// How far the fulfilments have come.
struct FulfilmentStanding: Codable, Hashable, Sendable {
    /// `running`, `paused` or `stopped`.
    let state: String
    /// Why they are not running, or what keeps them from reading on; nil when nothing does.
    let problem: String?
    /// Events of the log that they have yet to look at.
    let lag: Int64
    /// Orders whose fulfilment has not ended.
    let open: Int
    let ended: Int
    /// Commands and calls that have not arrived.
    let outgoing: Int
    /// Of these, those that were given up, and orders with an event that could not be taken: they wait for an operator.
    let parked: Int

    /// Orders that do not go on by themselves.
    let stuck: Int

    /// Nothing will happen until somebody orders something.
    var isSettled: Bool { lag == 0 && open == 0 && outgoing == 0 && parked == 0 }

    /// All that is left waits for an operator.
    var isStuck: Bool { lag == 0 && parked > 0 && outgoing <= parked && open <= stuck }

    /// - Throws: `PostgresError`, also when there are no such tables; `ProjectionError` when the fulfilments are not there.
    init(_ application: Application) async throws {
        let status = try await application.process(OrderFulfilment.self).status()
        state = status.follower.state.name
        problem = status.follower.state.reason ?? status.follower.lastError
        lag = status.follower.lag
        open = status[.running] + status[.compensating]
        ended = status[.completed] + status[.compensated]
        outgoing = status.effects
        stuck = status.stuck
        parked = status.parkedEffects + status.parkedInstances
    }
}
