import FoundationEssentials
import Martlet
import MartletTesting
import OrderDomain
import OrderFulfilment
import OrderProviders
import Testing

/// A shop that fulfils orders with providers which behave as they are told to.
struct TroubledShop: Sendable {
    let application: Application

    static let noon = Date(timeIntervalSince1970: 1_790_000_000)

    /// Makes a shop whose fulfilments go on while `body` runs, but not before.
    static func open(
        payment: SimulatorBehaviour = SimulatorBehaviour(), shipping: SimulatorBehaviour = SimulatorBehaviour(),
        policy: CallPolicy = CallPolicy(timeout: .milliseconds(300), attempts: 4, pause: .milliseconds(20)),
        before: (TroubledShop) async throws -> Void = { _ in }, _ body: (TroubledShop) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let ledger = ProviderLedger(ConnectionPool(database.configuration, size: 4))
            let application = Application(postgres: database.configuration, connections: 8) {
                Processes(
                    OrderFulfilment.self, calling: PaymentSimulator(ledger, payment, policy: policy),
                    ShippingSimulator(ledger, shipping, policy: policy))
            }
            try await application.migrate()
            try await ledger.prepare()
            let shop = TroubledShop(application: application)
            try await before(shop)
            let running = Task { try await application.run() }
            defer { running.cancel() }
            try await body(shop)
        }
    }

    func stock(_ sku: String, _ quantity: Int) async throws {
        try await application.execute(.add(quantity: quantity), on: Stock.ID(sku))
    }

    func placeOrder(_ id: String, _ quantities: KeyValuePairs<String, Int> = ["TEA": 1]) async throws {
        let lines = try quantities.map { sku, quantity in
            try OrderLine(sku: sku, name: sku, quantity: quantity, unitCents: 790)
        }
        let details = try OrderDetails(customer: "Ada", placedAt: Self.noon, lines: lines)
        try await application.execute(.place(details), on: Order.ID(id))
        try await application.execute(.fulfil(at: Self.noon), on: Order.ID(id))
    }

    func cancelOrder(_ id: String) async throws {
        try await application.execute(.cancel(reason: "late", at: Self.noon), on: Order.ID(id))
    }

    /// Waits until all has ended and expects that the books add up then.
    func settle(within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait(
            for: """
                SELECT (SELECT count(*) FROM martlet.events WHERE type = 'order.fulfilmentRequested')
                    = (SELECT count(*) FROM martlet.process_instances WHERE ended_at IS NOT NULL)
                    AND NOT EXISTS (SELECT FROM martlet.process_effects)
                """, within: limit, sourceLocation)
        #expect(try await ShopAudit(application.pool).run() == [], sourceLocation: sourceLocation)
    }

    func waitForPhase(
        _ phase: String, of order: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await wait(
            for: """
                SELECT EXISTS (SELECT FROM martlet.process_instances WHERE instance = \(order) AND phase = \(phase))
                """, within: .seconds(60), sourceLocation)
    }

    private func wait(for question: SQL, within limit: Duration, _ sourceLocation: SourceLocation) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !application.pool.query(question)[0].decode(Bool.self) {
            try #require(ContinuousClock.now < deadline, sourceLocation: sourceLocation)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// How an order's fulfilment has ended, and why.
    func end(of order: String) async throws -> String {
        try await application.pool.query(
            """
            SELECT concat_ws(', ', status, reason) FROM martlet.process_instances WHERE instance = \(order)
            """)[0].decode(String.self)
    }

    /// What the providers did for an order, in that order.
    func ledger(of order: String) async throws -> [String] {
        try await application.pool.query(
            "SELECT kind FROM providers.ledger WHERE order_id = \(order) ORDER BY entry_id"
        ).map { try $0.decode(String.self) }
    }

    /// What happened to an article, to a payment or a parcel: the types of a stream's events.
    func events(of stream: String) async throws -> [String] {
        try await application.pool.query(
            "SELECT type FROM martlet.events WHERE stream_id = \(stream) ORDER BY version"
        ).map { try $0.decode(String.self) }
    }
}

extension Tag {
    @Tag static var database: Tag
}
