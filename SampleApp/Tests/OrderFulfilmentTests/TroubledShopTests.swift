import FoundationEssentials
import Martlet
import MartletTesting
import OrderDomain
import OrderFulfilment
import OrderProviders
import Testing

/// Orders go through the whole fulfilment, with providers that are as bad as the seed wants them.
@Suite(.tags(.database)) struct TroubledShopTests {
    @Test func `whatever the providers do, every order ends once and the books add up`() async throws {
        try await ThrowawayDatabase.with { database in
            let shop = try await TroubledShop(database.configuration)
            let running = Task { try await shop.application.run() }
            defer { running.cancel() }
            try await shop.stock(of: "TEA", 150)
            try await shop.placeOrders(100)
            #expect(try await shop.settles(within: .seconds(60)))
            #expect(try await ShopAudit(shop.application.pool).run() == [])
            let ends = try await shop.application.pool.query(
                "SELECT status, count(*) FROM martlet.process_instances GROUP BY status ORDER BY status"
            ).map { try $0.decode(String.self, Int.self) }
            #expect(ends.map(\.0) == ["compensated", "completed"])
            #expect(ends.map(\.1).reduce(0, +) == 100)
        }
    }
}

struct TroubledShop: Sendable {
    let application: Application

    init(_ postgres: PostgresConfiguration) async throws {
        let ledger = ProviderLedger(ConnectionPool(postgres, size: 4))
        let policy = CallPolicy(timeout: .milliseconds(300), attempts: 4, pause: .milliseconds(20))
        let payment = SimulatorBehaviour(seed: 1, declined: 0.05, silent: 0.03, failing: 0.1)
        let shipping = SimulatorBehaviour(seed: 2, declined: 0.05, silent: 0.03, failing: 0.1)
        application = Application(postgres: postgres) {
            Processes(
                OrderFulfilment.self, calling: PaymentSimulator(ledger, payment, policy: policy),
                ShippingSimulator(ledger, shipping, policy: policy))
        }
        try await application.migrate()
        try await ledger.prepare()
    }

    func stock(of article: Stock.ID, _ quantity: Int) async throws {
        try await application.execute(.add(quantity: quantity), on: article)
    }

    func placeOrders(_ count: Int) async throws {
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        for number in 0..<count {
            let order = Order.ID("o\(number)")
            let line = try OrderLine(sku: "TEA", name: "Tea", quantity: 1 + number % 2, unitCents: 790)
            let details = try OrderDetails(customer: "Ada", placedAt: now, lines: [line])
            try await application.execute(.place(details), on: order)
            try await application.execute(.fulfil(at: now), on: order)
            if number % 10 == 0 { try await application.execute(.cancel(reason: "late", at: now), on: order) }
        }
    }

    /// False when a fulfilment is left, or something is still to be sent, after the limit.
    func settles(within limit: Duration) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while true {
            let open = try await application.pool.query(
                """
                SELECT (SELECT count(*) FROM martlet.events WHERE type = 'order.fulfilmentRequested')
                    - (SELECT count(*) FROM martlet.process_instances WHERE ended_at IS NOT NULL)
                    + (SELECT count(*) FROM martlet.process_effects)
                """)[0].decode(Int.self)
            if open == 0 { return true }
            guard deadline > .now else { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension Tag {
    @Tag static var database: Tag
}
