import Foundation
import Martlet
import MartletTesting
import OrderDomain
import OrderProviders
import Testing

/// A shop whose books are in order, made by the aggregates and the providers themselves.
private struct FairShop {
    let application: Application
    let payment: PaymentSimulator
    let shipping: ShippingSimulator
    let noon = Date(timeIntervalSince1970: 1_790_000_000)

    /// Order `sent` is completed, `void` is given up before and `back` after its payment was captured; `late` was given
    /// up before its requests arrived; `hand` is paid and shipped by hand, and `odd` cancelled.
    static func open(_ body: (FairShop) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration, connections: 2)
            try await application.migrate()
            let ledger = ProviderLedger(ConnectionPool(database.configuration, size: 1))
            try await ledger.prepare()
            let shop = FairShop(
                application: application, payment: PaymentSimulator(ledger), shipping: ShippingSimulator(ledger))
            try await shop.trade()
            try await body(shop)
        }
    }

    private func trade() async throws {
        for sku in ["TEA-1", "POT"] { try await application.execute(.add(quantity: 10), on: Stock.ID(sku)) }
        for order in ["sent", "void", "back", "late", "hand", "odd"] { try await place(order) }
        for order in ["sent", "void", "back", "late"] { try await execute(.fulfil(at: noon), order) }
        for order in ["sent", "void", "back"] { try await begin(order) }
        _ = try await payment.perform(.void(order: "late"), key: "late/void")
        _ = try await payment.perform(.authorise(order: "late", cents: 4030), key: "late/authorise")
        try await execute(.abandon(reason: "the bank says nothing", at: noon), "late")

        try await capture("sent")
        for sku in ["TEA-1", "POT"] { try await application.execute(.dispatch(order: "sent"), on: Stock.ID(sku)) }
        try await execute(.complete(at: noon), "sent")

        _ = try await payment.perform(.void(order: "void"), key: "void/void")
        try await application.execute(.recordVoid(at: noon), on: Payment.ID("void"))
        try await giveUp("void")

        try await capture("back")
        _ = try await payment.perform(.refund(order: "back", cents: 4030), key: "back/refund")
        try await application.execute(.recordRefund(at: noon), on: Payment.ID("back"))
        try await giveUp("back")

        for command in [Order.Command.pay(at: noon), .ship(at: noon)] { try await execute(command, "hand") }
        try await execute(.cancel(reason: "late", at: noon), "odd")
    }

    private func place(_ order: String) async throws {
        let lines = try [("TEA-1", 1, 790), ("POT", 1, 2450), ("TEA-1", 1, 790)].map { sku, quantity, cents in
            try OrderLine(sku: sku, name: sku, quantity: quantity, unitCents: cents)
        }
        try await execute(.place(try OrderDetails(customer: "Ada", placedAt: noon, lines: lines)), order)
    }

    private func begin(_ order: String) async throws {
        try await application.execute(.reserve(order: order, quantity: 2), on: Stock.ID("TEA-1"))
        try await application.execute(.reserve(order: order, quantity: 1), on: Stock.ID("POT"))
        for _ in 0..<2 {
            _ = try await payment.perform(.authorise(order: order, cents: 4030), key: "\(order)/authorise")
        }
        try await application.execute(.recordAuthorisation(cents: 4030, at: noon), on: Payment.ID(order))
        _ = try await shipping.perform(.book(order: order), key: "\(order)/book")
        try await application.execute(.recordBooking(tracking: "MT1", at: noon), on: Shipment.ID(order))
    }

    private func capture(_ order: String) async throws {
        _ = try await payment.perform(.capture(order: order, cents: 4030), key: "\(order)/capture")
        try await application.execute(.recordCapture(at: noon), on: Payment.ID(order))
    }

    private func giveUp(_ order: String) async throws {
        _ = try await shipping.perform(.cancel(order: order), key: "\(order)/cancel")
        try await application.execute(.recordCancellation(at: noon), on: Shipment.ID(order))
        for sku in ["TEA-1", "POT"] { try await application.execute(.release(order: order), on: Stock.ID(sku)) }
        try await execute(.abandon(reason: "no longer wanted", at: noon), order)
    }

    private func execute(_ command: Order.Command, _ order: String) async throws {
        try await application.execute(command, on: Order.ID(order))
    }

    /// Writes an event past the aggregates.
    func plant(_ type: String, in stream: String, _ payload: String) async throws {
        try await application.pool.execute(
            """
            INSERT INTO martlet.events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT (SELECT max(position) FROM martlet.events) + 1,
                (SELECT coalesce(max(version), 0) FROM martlet.events WHERE stream_id = \(stream)) + 1,
                clock_timestamp(), gen_random_uuid(), 1, \(stream), \(type), \(JSON(bytes: Array(payload.utf8))), '{}'
            """)
    }

    /// Writes an entry past the providers.
    func plant(_ provider: String, _ kind: String, of order: String, cents: Int = 0, key: String = "lie") async throws {
        try await application.pool.execute(
            """
            INSERT INTO providers.ledger (cents, provider, order_id, kind, key, request, answer)
            VALUES (\(cents), \(provider), \(order), \(kind), \(key), '{}', '{}')
            """)
    }

    func delete(_ types: String..., from stream: String) async throws {
        for type in types {
            try await application.pool.execute(
                "DELETE FROM martlet.events WHERE stream_id = \(stream) AND type = \(type)")
        }
    }

    func findings() async throws -> [ShopAudit.Finding] { try await ShopAudit(application.pool).run() }
}

@Suite(.tags(.database)) struct ShopAuditTests {
    private static let anEnd = "requested once, then completed or cancelled once"
    private static let kept = "captured - refunded = total of a completed order"
    private static let parcels = "a completed order has one parcel, others none"
    private static let lines = "dispatched = lines of completed orders"
    private static let balance = "reserved = released + dispatched"

    /// Plants a lie in a shop whose books are in order, and expects it to be found, beside what else it brings about.
    private func expect(
        _ check: String, _ subject: String, _ expected: String, _ found: String, also others: Set<String> = [],
        sourceLocation: SourceLocation = #_sourceLocation, after lie: (FairShop) async throws -> Void
    ) async throws {
        try await FairShop.open { shop in
            try await lie(shop)
            let findings = try await shop.findings()
            let wanted = ShopAudit.Finding(check: check, subject: subject, expected: expected, found: found)
            #expect(findings.filter { $0.check == check } == [wanted], sourceLocation: sourceLocation)
            #expect(Set(findings.map(\.check)).subtracting([check]) == others, sourceLocation: sourceLocation)
        }
    }

    @Test func `books that are in order have no finding`() async throws {
        try await FairShop.open { (shop: FairShop) async throws in
            #expect(try await shop.findings() == [])
        }
    }

    @Test func `a fulfilment that has not ended is found`() async throws {
        try await expect("a fulfilment ends once", "void", Self.anEnd, "1 requested, 0 completed, 0 cancelled") {
            shop in
            try await shop.delete("order.cancelled", from: "order-void")
        }
    }

    @Test func `an order that ended twice is found`() async throws {
        try await expect("a fulfilment ends once", "sent", Self.anEnd, "1 requested, 1 completed, 1 cancelled") {
            shop in
            try await shop.plant("order.cancelled", in: "order-sent", "{}")
        }
    }

    @Test func `an order that was completed unasked is found`() async throws {
        try await expect("a fulfilment ends once", "sent", Self.anEnd, "0 requested, 1 completed, 0 cancelled") {
            shop in
            try await shop.delete("order.fulfilmentRequested", from: "order-sent")
        }
    }

    @Test func `a total that is not that of the lines is found`() async throws {
        try await expect("completed at the total of its lines", "sent", "4030", "4031", also: [Self.kept]) { shop in
            try await shop.delete("order.completed", from: "order-sent")
            try await shop.plant("order.completed", in: "order-sent", "{\"cents\":4031}")
        }
    }

    @Test func `money that stays set aside is found`() async throws {
        try await expect("authorised = captured + voided", "odd", "5 authorised", "0 captured + 0 voided") { shop in
            try await shop.plant("payment", "authorised", of: "odd", cents: 5)
        }
    }

    @Test func `money that was kept of an order which was given up is found`() async throws {
        try await expect(Self.kept, "back", "0", "4030", also: ["what the shop recorded, a provider did"]) { shop in
            try await shop.application.pool.execute("DELETE FROM providers.ledger WHERE kind = 'refunded'")
        }
    }

    @Test func `an order that was completed without its money is found`() async throws {
        let others: Set = [
            "authorised = captured + voided", "what the shop recorded, a provider did",
        ]
        try await expect(Self.kept, "sent", "4030", "0", also: others) { shop in
            try await shop.application.pool.execute("DELETE FROM providers.ledger WHERE key = 'sent/capture'")
        }
    }

    @Test func `an order that is both sent and refunded is found`() async throws {
        try await expect("nothing is both sent and refunded", "sent", "sent or refunded", "both", also: [Self.kept]) {
            try await $0.plant("payment", "refunded", of: "sent", cents: 1)
        }
    }

    @Test func `a refunded order whose parcel is still booked is found`() async throws {
        let others: Set = [Self.parcels, "what the shop recorded, a provider did"]
        try await expect("nothing is both sent and refunded", "back", "sent or refunded", "both", also: others) {
            shop in
            try await shop.application.pool.execute("DELETE FROM providers.ledger WHERE key = 'back/cancel'")
        }
    }

    @Test func `a promise of more than there is is found, even where it was taken back`() async throws {
        try await expect("no more is promised than was added", "POT", "0 or more on hand", "-1") { shop in
            try await shop.plant("stock.reserved", in: "stock-POT", "{\"order\":\"x\",\"quantity\":10}")
            try await shop.plant("stock.released", in: "stock-POT", "{\"order\":\"x\",\"quantity\":10}")
        }
    }

    @Test func `what stays reserved is found`() async throws {
        try await expect(Self.balance, "POT of order odd", "3 reserved before", "0 released + 0 dispatched") { shop in
            try await shop.plant("stock.reserved", in: "stock-POT", "{\"order\":\"odd\",\"quantity\":3}")
        }
    }

    @Test func `a release before its reservation is found`() async throws {
        try await expect(Self.balance, "POT of order odd", "3 reserved before", "3 released + 0 dispatched") { shop in
            for type in ["released", "reserved"] {
                try await shop.plant("stock.\(type)", in: "stock-POT", "{\"order\":\"odd\",\"quantity\":3}")
            }
        }
    }

    @Test func `goods that left without an order, or an order without its goods, are found`() async throws {
        try await expect(Self.lines, "POT of order odd", "0", "3") { shop in
            for type in ["reserved", "dispatched"] {
                try await shop.plant("stock.\(type)", in: "stock-POT", "{\"order\":\"odd\",\"quantity\":3}")
            }
        }
        try await expect(Self.lines, "TEA-1 of order sent", "2", "0", also: [Self.balance]) { shop in
            try await shop.delete("stock.dispatched", from: "stock-TEA-1")
        }
    }

    @Test func `a parcel that nobody ordered is found, and an order without one`() async throws {
        try await expect(Self.parcels, "odd", "0", "1") { shop in
            try await shop.plant("shipping", "booked", of: "odd")
        }
        try await expect(Self.parcels, "sent", "1", "0", also: ["what the shop recorded, a provider did"]) { shop in
            try await shop.application.pool.execute("DELETE FROM providers.ledger WHERE key = 'sent/book'")
        }
    }

    @Test func `a key with two entries is found`() async throws {
        try await expect("one entry for a key", "payment key late/authorise", "1 entry", "2 entries") { shop in
            try await shop.application.pool.execute(
                "ALTER TABLE providers.ledger DROP CONSTRAINT ledger_provider_key_key")
            try await shop.plant("payment", "refused", of: "late", key: "late/authorise")
        }
    }

    @Test func `an order that was done the same to twice is found`() async throws {
        let check = "one entry for an order and kind"
        try await expect(check, "booked of order sent", "1 entry", "2 entries", also: [Self.parcels]) { shop in
            _ = try await shop.shipping.perform(.book(order: "sent"), key: "another key")
        }
    }

    @Test func `a record of what no provider did is found`() async throws {
        let check = "what the shop recorded, a provider did"
        try await expect(check, "payment.refunded of order sent", "an entry refunded of 4030 cents", "none") { shop in
            try await shop.plant("payment.refunded", in: "payment-sent", "{\"cents\":4030}")
        }
    }
}
