public import Martlet
import MartletCLI
import OrderDomain
import OrderReadModel

/// The application of the sample: orders, and the two read models made of them.
public enum OrderApplication {
    /// Does no I/O.
    public static func on(_ postgres: PostgresConfiguration, connections: Int = 16) -> Application {
        let incidents = IncidentReport { StandardStream.error.writeLine("order-service: \($0)") }
        return Application(postgres: postgres, connections: connections, incidents: incidents) {
            OrderSummaries()
            RevenueByDay()
        }
    }

    /// All events that this build knows.
    static let events: [KnownEvents] = [.aggregate(Order.self)]

    /// Martlet's schema, then the sample's own.
    public static func migrate(_ application: Application) async throws {
        try await application.migrate()
        try await ShopSchema.migrator.migrate(application.pool)
    }

    /// The migrations that have not run yet, as `schema/name`.
    static func pendingMigrations(_ application: Application) async throws -> [String] {
        let martlet = try await application.pendingMigrations().map { "\(application.schema)/\($0)" }
        return try await martlet
            + ShopSchema.migrator.pending(application.pool).map { "\(ShopSchema.name)/\($0.name)" }
    }
}
