import FoundationEssentials
public import Martlet
public import MartletHTTP
import OrderDomain
import OrderReadModel

/// The shop's HTTP API, as a router without a server.
///
/// Commands answer with where the order stands and a header `Martlet-Position`; a read that carries such a header waits
/// until the read model has come that far. Refusals have the form `{"error":{"code","message","field"}}`.
public struct OrdersAPI: Sendable {
    static let positionHeader = "Martlet-Position"

    let application: Application
    let orders: Orders
    let queries: OrderQueries
    let health: HealthCheck
    let now: @Sendable () -> Date

    public init(_ application: Application, now: @escaping @Sendable () -> Date = { Date() }) {
        self.application = application
        self.now = now
        orders = Orders(application: application)
        queries = OrderQueries(application.pool)
        health = HealthCheck(application)
    }

    public var router: Router {
        var router = Router()
        router.on(.post, "/orders") { request, _ in await answering { try await place(request) } }
        router.on(.get, "/orders") { request, _ in await answering { try await list(request) } }
        router.on(.get, "/orders/{id}") { request, parameters in
            await answering { try await show(parameters["id"], request) }
        }
        router.on(.get, "/health") { _, _ in await health.response() }
        for step in OrderStep.allCases {
            router.on(.post, "/orders/{id}/\(step.resource)") { request, parameters in
                await answering { try await take(step, of: parameters["id"], request) }
            }
        }
        return router
    }

    private func answering(_ handle: () async throws -> HTTPResponse) async -> HTTPResponse {
        do { return try await handle() } catch { return HTTPResponse(refusing: error) }
    }
}
