import Foundation
import Martlet
import MartletTesting
import OrderDomain
import OrderFulfilment
import OrderProviders
import Testing

@testable import OrderService

/// Fulfilments by two services, of which one after the other is killed.
///
/// `MARTLET_CHAOS_ORDERS` says how many orders there are (400 without it).
@Suite(.tags(.database, .slow)) struct ChaosTests {
    private static let orders =
        Int(ProcessInfo.processInfo.environment["MARTLET_CHAOS_ORDERS"] ?? "") ?? 400

    @Test func `two services are killed all the time, and every order ends once and the books add up`() async throws {
        try await ThrowawayDatabase.with { database in
            #expect(try await ServiceProgram(["migrate"], on: database).end() == 0)
            let application = OrderApplication.on(database.configuration, connections: 8, providers: .reliable)
            let shop = ChaosShop(application: application, orders: Self.orders)
            var services = KilledServices(on: database, orders: Self.orders)
            try services.start()
            defer { services.end() }
            let start = ContinuousClock.now
            let placing = Task { try await shop.placeOrders() }
            let limit = start + .seconds(120 + Self.orders / 20)
            while try await !shop.isSettled, ContinuousClock.now < limit {
                let calls = try await shop.callCount
                try await Task.sleep(for: .milliseconds(Int.random(in: 1000...3000)))
                // On a busy machine the services may have had time for nothing.
                if try await shop.callCount > calls { try await services.killNext() }
            }
            try await placing.value
            let time = ContinuousClock.now - start

            let report = try await SettleReport(application, FulfilmentStanding(application), after: time)
            #expect(report.standing.isSettled, "\(SettlePage(report).text)")
            #expect(try await ShopAudit(application.pool).run() == [])
            #expect(try await shop.endsOfOrders() == ["cancelled", "completed"])
            let calls = try await shop.providerCalls()
            #expect(calls.mostEntriesOfAKey == 1)
            #expect(calls.entriesWithoutCall == 0)
            #expect(services.kills > 0)
            let orders = report.completed + report.cancelled.reduce(0) { $0 + $1.orders }
            #expect(orders == Self.orders)
            print("chaos: \(services.kills) kills in \(time), \(calls)\n\(SettlePage(report).text)")
        }
    }
}

/// The orders of the chaos test, and what is to be asked of the database about them.
private struct ChaosShop: Sendable {
    let application: Application
    let orders: Int

    /// So many that orders seldom wait for each other at one of them.
    private static let teas = (0..<60).map { Stock.ID("TEA-\($0)") }
    private static let kettle = Stock.ID("KETTLE")

    /// Some customers cancel, and the kettles are not enough for everybody.
    func placeOrders() async throws {
        for tea in Self.teas { try await application.execute(.add(quantity: orders), on: tea) }
        try await application.execute(.add(quantity: orders / 20), on: Self.kettle)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<orders {
                if number >= 16 { try await group.next() }
                group.addTask { try await place(number) }
            }
            try await group.waitForAll()
        }
    }

    private func place(_ number: Int) async throws {
        let order = Order.ID("c\(number)")
        let teas = [Self.teas[number % 60], Self.teas[(number * 7 + 1) % 60]]
        let articles = teas + (number.isMultiple(of: 15) ? [Self.kettle] : [])
        let lines = try articles.map { article in
            try OrderLine(sku: article.key, name: "Thing", quantity: 1 + number % 2, unitCents: 790)
        }
        let details = try OrderDetails(customer: "Ada", placedAt: Shop.noon, lines: lines)
        try await application.execute(.place(details), on: order)
        try await application.execute(.fulfil(at: Shop.noon), on: order)
        guard number.isMultiple(of: 20) else { return }
        // Any time later, from at once to when it is too late.
        try await Task.sleep(for: .milliseconds(number % 7 * 100))
        do throws(ExecuteError<Order.Rejection>) {
            try await application.execute(.cancel(reason: "a mistake", at: Shop.noon), on: order)
        } catch .rejected(.alreadyShipped) {}
    }

    /// Whether all orders are placed and their fulfilments have ended.
    var isSettled: Bool {
        get async throws {
            let standing = try await FulfilmentStanding(application)
            return standing.isSettled && standing.ended == orders
        }
    }

    /// The kinds of ends that orders have, one of them each.
    func endsOfOrders() async throws -> [String] {
        let ends = try await application.pool.query(
            """
            SELECT stream_id, string_agg(substr(type, 7), '+') FROM martlet.events
            WHERE type IN ('order.completed', 'order.cancelled') GROUP BY stream_id
            """
        ).map { try $0.decode(String.self, String.self) }
        #expect(ends.count == orders)
        return Set(ends.map(\.1)).sorted()
    }

    /// How often the providers were called.
    var callCount: Int {
        get async throws {
            try await application.pool.query("SELECT coalesce(sum(calls), 0)::bigint FROM providers.calls")[0]
                .decode(Int.self)
        }
    }

    func providerCalls() async throws -> ProviderCalls {
        let row = try await application.pool.query(
            """
            SELECT (SELECT sum(calls) FROM providers.calls)::bigint, (SELECT count(*) FROM providers.calls),
                (SELECT count(*) FROM providers.calls WHERE calls > 1), (SELECT count(*) FROM providers.ledger),
                (SELECT max(entries) FROM
                    (SELECT count(*) AS entries FROM providers.ledger GROUP BY provider, key) AS keys),
                (SELECT count(*) FROM providers.ledger l WHERE NOT EXISTS
                    (SELECT FROM providers.calls c WHERE c.provider = l.provider AND c.key = l.key))
            """)[0]
        let (calls, keys, repeated, entries, most, unasked) = try row.decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        return ProviderCalls(
            calls: calls, keys: keys, keysCalledAgain: repeated, entries: entries, mostEntriesOfAKey: most,
            entriesWithoutCall: unasked)
    }
}

private struct ProviderCalls {
    let calls: Int
    let keys: Int
    let keysCalledAgain: Int
    let entries: Int
    let mostEntriesOfAKey: Int
    let entriesWithoutCall: Int
}

/// Two services on one database; a killed one is started again at once.
private struct KilledServices {
    private let database: ThrowawayDatabase
    /// How long a silent provider is waited for: not for a busy machine's slowness to be taken for silence, and not for
    /// longer than a service lives here, or else it would never be given up.
    private let timeout: String
    private var programs: [ServiceProgram] = []
    private(set) var kills = 0

    init(on database: ThrowawayDatabase, orders: Int) {
        (self.database, timeout) = (database, orders > 1000 ? "1000" : "500")
    }

    mutating func start() throws {
        for _ in 1...2 { programs.append(try serve()) }
    }

    /// Kills them in turn: both have some time to work.
    mutating func killNext() async throws {
        let victim = programs.removeFirst()
        victim.kill()
        #expect(try await victim.end() == SIGKILL, "a service ended by itself")
        kills += 1
        programs.append(try serve())
    }

    func end() {
        for program in programs { program.kill() }
    }

    private func serve() throws -> ServiceProgram {
        try ServiceProgram(
            [
                "serve", "--port", "0", "--seed", "7", "--declined", "5%", "--undeliverable", "3%", "--silent", "2%",
                "--failing", "10%", "--provider-timeout", timeout, "--provider-attempts", "8", "--lease", "1500",
            ], on: database)
    }
}
