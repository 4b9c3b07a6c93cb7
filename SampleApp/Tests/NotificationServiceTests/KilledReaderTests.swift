import Foundation
import Martlet
import MartletTesting
import OrderDomain
import OrderPublication
import OrderService
import Testing

extension Tag {
    @Tag static var database: Self
    @Tag static var slow: Self
}

@Suite(.tags(.database, .slow)) struct KilledReaderTests {
    private static let orders = 300

    @Test func `a service that is killed while it reads writes each letter once`() async throws {
        try await ThrowawayDatabase.with { shop in
            try await ThrowawayDatabase.with { office in
                let application = OrderApplication.on(shop.configuration, connections: 8)
                try await application.migrate()
                let environment = ["PGDATABASE": office.name, "LOG_DATABASE": shop.name]
                func program(_ arguments: String...) throws -> ServiceProgram {
                    try ServiceProgram(arguments, program: "notification-service", environment: environment)
                }
                #expect(try await program("migrate").end() == 0)

                let relaying = Task { try await application.run() }
                defer { relaying.cancel() }
                let selling = Task { try await sell(on: application) }
                // Two share the work; one of them after the other dies in the middle of it.
                let steady = try program("run")
                for _ in 0..<4 {
                    let victim = try program("run")
                    try await Task.sleep(for: .milliseconds(400))
                    victim.kill()
                    #expect(try await victim.end() == SIGKILL)
                }
                let last = try await selling.value
                let isPublished = try await application.publication(OrderMessages.self)
                    .caughtUp(to: last, within: .seconds(60))
                try #require(isPublished)
                #expect(try await program("report", "--within", "60", "--json").end() == 0)
                steady.stop()
                #expect(try await steady.end() == 0)

                let letters = ConnectionPool(office.configuration, size: 1)
                let row = try await letters.query(
                    "SELECT count(*), count(DISTINCT (order_id, kind)) FROM notifications.letters")[0]
                let (all, different) = try row.decode(Int.self, Int.self)
                #expect(all == 3 * Self.orders)
                #expect(different == 3 * Self.orders)
            }
        }
    }

    private func sell(on application: Application) async throws -> Receipt {
        var last = Receipt(version: 0, position: 0)
        let noon = Date(timeIntervalSince1970: 1_790_000_000)
        for number in 0..<Self.orders {
            let details = try OrderDetails(
                customer: "Customer \(number % 7)", placedAt: noon,
                lines: [OrderLine(sku: "TEA-EARL-100", name: "Earl Grey, 100 g", quantity: 1, unitCents: 7_90)])
            let order = Order.ID("order-\(number)")
            try await application.execute(.place(details), on: order)
            try await application.execute(.pay(at: noon), on: order)
            last = try await application.execute(.ship(at: noon), on: order)
        }
        return last
    }
}
