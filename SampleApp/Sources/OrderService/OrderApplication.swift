public import Martlet
import MartletCLI
import OrderDomain
import OrderFulfilment
import OrderPublication
import OrderReadModel

/// The application of the sample: orders, the two read models made of them, what others are told, and their fulfilment.
public enum OrderApplication {
    /// Does no I/O.
    /// - Parameters:
    ///   - program: what tells of incidents on standard error.
    ///   - lease: how long what a killed process has worked on waits for another.
    ///   - providers: whom fulfilments call; without them this application does not fulfil orders, and leaves that to
    ///     others.
    public static func on(
        _ postgres: PostgresConfiguration, connections: Int = 16, program: String = "order-service",
        lease: Duration = .seconds(5), providers: SimulatedProviders? = nil
    ) -> Application {
        let incidents = IncidentReport { StandardStream.error.writeLine("\(program): \($0)") }
        return Application(
            postgres: postgres, readModels: ReadModelSchema.name, connections: connections, lease: lease,
            incidents: incidents
        ) {
            OrderSummaries()
            RevenueByDay()
            Publishing(OrderMessages())
            if let providers { providers.processes(on: postgres) }
        }
    }

    /// All events that this build knows.
    static let events: [KnownEvents] = [
        .aggregate(Order.self), .aggregate(Stock.self), .aggregate(Payment.self), .aggregate(Shipment.self),
        .journal(of: OrderFulfilment.self),
    ]

    /// The migrations that have not run yet, and the tables that are not there yet, as `schema/name`.
    static func pendingMigrations(_ application: Application) async throws -> [String] {
        let migrations = try await application.pendingMigrations().map { "\(application.schema)/\($0)" }
        return try await migrations + application.pendingTables().map { "\(application.readModels)/\($0)" }
    }
}
