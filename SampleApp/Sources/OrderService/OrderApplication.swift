public import Martlet
import MartletCLI
import OrderDomain
import OrderReadModel

/// The application of the sample: orders, and the two read models made of them.
public enum OrderApplication {
    /// Does no I/O.
    /// - Parameter program: what tells of incidents on standard error.
    public static func on(
        _ postgres: PostgresConfiguration, connections: Int = 16, program: String = "order-service"
    ) -> Application {
        let incidents = IncidentReport { StandardStream.error.writeLine("\(program): \($0)") }
        return Application(
            postgres: postgres, readModels: ReadModelSchema.name, connections: connections, incidents: incidents
        ) {
            OrderSummaries()
            RevenueByDay()
        }
    }

    /// All events that this build knows.
    static let events: [KnownEvents] = [
        .aggregate(Order.self), .aggregate(Stock.self), .aggregate(Payment.self), .aggregate(Shipment.self),
    ]

    /// The migrations that have not run yet, and the tables that are not there yet, as `schema/name`.
    static func pendingMigrations(_ application: Application) async throws -> [String] {
        let migrations = try await application.pendingMigrations().map { "\(application.schema)/\($0)" }
        return try await migrations + application.pendingTables().map { "\(application.readModels)/\($0)" }
    }
}
