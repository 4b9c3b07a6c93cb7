import Foundation
import Martlet
import MartletCLI
import MartletTesting
import OrderDomain
import OrderFulfilment
import Testing

@testable import OrderService

struct ProviderOptionTests {
    private func providers(_ words: String...) throws -> SimulatedProviders {
        try SimulatedProviders(try ServeCommand.syntax.parse(words))
    }

    @Test func `troubles are shares of the orders, as numbers or percentages`() throws {
        let troubled = try providers(
            "--seed", "7", "--declined", "5%", "--undeliverable", "0.03", "--silent=2%", "--failing", "1",
            "--provider-delay", "20", "--provider-timeout", "500", "--provider-attempts", "3")
        #expect((troubled.payment.declined, troubled.shipping.declined) == (0.05, 0.03))
        #expect((troubled.payment.silent, troubled.shipping.failing, troubled.payment.seed) == (0.02, 1, 7))
        #expect((troubled.timeout, troubled.attempts) == (.milliseconds(500), 3))
        #expect(troubled.shipping.delay.upperBound == .milliseconds(20))
        #expect(try providers().payment.declined == 0)
    }

    @Test(arguments: ["5", "-1%", "101%", "nan", "%", "five", ""])
    func `what is no share is refused`(text: String) {
        #expect(
            throws: UsageError(
                "option \"--silent\": expected a share from 0 to 1 or from 0% to 100%, found \"\(text)\"")
        ) { try providers("--silent", text) }
    }

    @Test func `answers that would always come too late are refused`() {
        #expect(throws: UsageError.self) { try providers("--provider-delay", "500", "--provider-timeout", "500") }
    }
}

@Suite(.tags(.database)) struct FulfilmentCommandTests {
    private func withShop(_ body: (Application, ThrowawayDatabase) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            #expect(try await ServiceProgram(["migrate"], on: database).end() == 0)
            try await body(
                OrderApplication.on(database.configuration, connections: 8, providers: .reliable), database)
        }
    }

    private func wanted(_ lines: String...) async throws -> Wanted {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await Wanted(from: try InputFile(path: file.path))
    }

    @Test func `a shop is restocked, its orders are fulfilled, and it tells how they ended`() async throws {
        try await withShop { application, _ in
            let wanted = try await wanted(
                orderBody("a", quantity: 2).onOneLine, orderBody("b", quantity: 3).onOneLine, "no order")
            #expect(
                try await RestockCommand(application: application).run(wanted, percent: 50)
                    == "added 2 pieces of 1 articles, 50 % of what 2 orders want; 1 lines are no orders")

            let router = OrdersAPI(application).router
            for (order, quantity) in [("a", 2), ("b", 3)] {
                _ = try await router.answer(
                    .post, "/orders", body: Array(orderBody(order, quantity: quantity).utf8))
                _ = try await router.answer(.post, "/orders/\(order)/fulfilment")
            }
            let settling = SettleCommand(application: application)
            let early = try await settling.run(within: .zero)
            #expect(!early.standing.isSettled && early.standing.lag > 0)
            #expect(SettlePage(early).text.contains(/0 fulfilments have not ended after a wait of \d+\.\d s;/))

            let running = Task { try await application.run() }
            defer { running.cancel() }
            let report = try await settling.run(within: .seconds(60))
            #expect(report.standing.isSettled && report.left.isEmpty)
            #expect(report.completed == 1)
            #expect(report.cancelled == [SettleReport.Cancelled(reason: "out of stock", orders: 1)])
            #expect((report.books.keptCents, report.books.dispatchedPieces) == (1580, 2))
            #expect(SettlePage(report).text.contains(/\n  kept +15\.80 €\n/))
            let health = try await router.answer(.get, "/health")
            let fulfilment = try #require(health.members["fulfilment"] as? [String: Any])
            #expect((fulfilment["open"] as? Int, fulfilment["parked"] as? Int) == (0, 0))
        }
    }

    @Test func `fulfilments that an operator has paused are no good health`() async throws {
        try await withShop { application, _ in
            let router = OrdersAPI(application).router
            #expect(try await router.answer(.get, "/health").text("status") == "ok")
            try await application.process(OrderFulfilment.self).pause(because: "stocktaking")
            let health = try await router.answer(.get, "/health")
            #expect(health.status == .ok)
            #expect(health.text("status") == "degraded")
            let fulfilment = try #require(health.members["fulfilment"] as? [String: Any])
            #expect(fulfilment["state"] as? String == "paused")
            #expect(fulfilment["lastError"] as? String == "stocktaking")
            _ = try await router.answer(.post, "/orders", body: Array(orderBody("a").utf8))
            let report = try await SettleCommand(application: application).run(within: .zero)
            #expect(SettlePage(report).text.contains("\nthey are paused: stocktaking"))
        }
    }

    @Test func `what is left is named, and what it waits for`() async throws {
        try await withShop { application, database in
            let router = OrdersAPI(application).router
            try await application.execute(.add(quantity: 5), on: Stock.ID("TEA"))
            _ = try await router.answer(.post, "/orders", body: Array(orderBody("a").utf8))
            _ = try await router.answer(.post, "/orders/a/fulfilment")
            let service = try ServiceProgram(["serve", "--port", "0", "--silent", "100%"], on: database)
            defer { service.kill() }
            let deadline = ContinuousClock.now + .seconds(60)
            var report = try await SettleCommand(application: application).run(within: .zero)
            // The phase is read before what it waits for, and what has been delivered is forgotten a moment later.
            while report.left.first?.phase != "authorising"
                || report.left.first?.standing.hasPrefix("waits for \"authorise\" at payment") != true
            {
                try #require(ContinuousClock.now < deadline)
                report = try await SettleCommand(application: application).run(within: .milliseconds(50))
            }
            let left = try #require(report.left.first)
            #expect((left.order, left.status) == ("a", "running"))
            #expect(SettlePage(report).text.contains("\n  a (running, authorising) waits for \"authorise\" at payment"))
            #expect(try await ServiceProgram(["settle", "--within", "0"], on: database).end() == 1)
        }
    }
}
