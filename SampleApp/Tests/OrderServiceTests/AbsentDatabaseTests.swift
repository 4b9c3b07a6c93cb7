import Foundation
import Martlet
import MartletHTTP
import MartletTesting
import Testing

@testable import OrderService

struct AbsentDatabaseTests {
    private func router(_ url: String) throws -> Router {
        OrdersAPI(OrderApplication.on(try PostgresConfiguration(url: url))).router
    }

    @Test(.tags(.slow)) func `without a database requests get 503 with the reason and when to try again`() async throws
    {
        let router = try router("postgres://nobody@127.0.0.1:1/none")
        for (method, path) in [(HTTPMethod.post, "/orders"), (.post, "/orders/a/payment"), (.get, "/orders/a")] {
            let body = path == "/orders" ? Array(orderBody("a").utf8) : []
            let answer = try await router.answer(method, path, body: body)
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.error("code") == "database_unavailable")
            #expect(answer.error("message")?.contains("Connection refused") == true)
            #expect(answer.headers["Retry-After"] == "1")
        }
    }

    @Test func `without a database health says so within moments`() async throws {
        let health = try await router("postgres://nobody@127.0.0.1:1/none").answer(.get, "/health")
        #expect(health.status == .serviceUnavailable)
        #expect(health.text("status") == "unavailable")
        let database = try #require(health.members["database"] as? [String: Any])
        #expect(database["isUp"] as? Bool == false)
        #expect((database["problem"] as? String)?.contains("Connection refused") == true)
    }

    @Test(.tags(.database)) func `before the first migration the service says what to run, and works after it`()
        async throws
    {
        try await ThrowawayDatabase.with { database in
            let application = OrderApplication.on(database.configuration, connections: 2)
            let router = OrdersAPI(application).router
            let health = try await router.answer(.get, "/health")
            #expect(health.status == .serviceUnavailable)
            let librarys = try await application.pendingMigrations().map { "martlet/\($0)" }
            let shops = ["shop/order_summaries", "shop/revenue_by_day"]
            #expect(!librarys.isEmpty)
            #expect(health.members["pendingMigrations"] as? [String] == librarys + shops)
            let refused = try await router.answer(.post, "/orders", body: Array(orderBody("a").utf8))
            #expect(refused.status == .serviceUnavailable)
            #expect(refused.error("code") == "not_migrated")
            try await application.migrate()
            #expect(try await router.answer(.post, "/orders", body: Array(orderBody("a").utf8)).status == .created)
            #expect(try await router.answer(.get, "/health").status == .ok)
        }
    }
}
