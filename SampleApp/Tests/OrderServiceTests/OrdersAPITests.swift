import Foundation
import Martlet
import MartletHTTP
import OrderReadModel
import Testing

@testable import OrderService

@Suite(.tags(.database))
struct OrdersAPITests {
    @Test func `a new order gets 201 and its place in the log, the same one again 200`() async throws {
        try await Shop.open { shop in
            let first = try await shop.post("/orders", orderBody("a/b"))
            #expect(first.status == .created)
            #expect(first.text("id") == "a/b")
            #expect(first.text("status") == "placed")
            #expect(first.number("version") == 1)
            #expect(first.headers["Martlet-Position"] == "1")
            #expect(first.headers["Location"] == "/orders/a%2Fb")
            let again = try await shop.post("/orders", orderBody("a/b"))
            #expect(again.status == .ok)
            #expect(again.number("version") == 1)
        }
    }

    @Test func `other content under a known id gets 409`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a"))
            for other in [orderBody("a", customer: "Grace"), orderBody("a", placedAt: "2026-10-25T10:00:00.000001Z")] {
                let answer = try await shop.post("/orders", other)
                #expect(answer.status == .conflict)
                #expect(answer.error("code") == "already_placed_differently")
            }
        }
    }

    @Test func `an order whose time is left to the shop can be sent again`() async throws {
        try await Shop.open { shop in
            let first = try await shop.post("/orders", orderBody("a", placedAt: nil))
            let again = try await shop.post("/orders", orderBody("a", placedAt: nil))
            #expect(first.status == .created)
            #expect(again.status == .ok)
        }
    }

    @Test func `of many that place the same order at once one is told it is new`() async throws {
        try await Shop.open { shop in
            let statuses = try await withThrowingTaskGroup(of: HTTPStatus.self) { group in
                for _ in 0..<16 { group.addTask { try await shop.post("/orders", orderBody("a")).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == .created } == 1)
            #expect(statuses.count { $0 == .ok } == 15)
        }
    }

    @Test func `an order is paid and shipped, and each step may be sent again`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a"))
            for (path, status, version) in [
                ("payment", "paid", 2), ("payment", "paid", 2), ("shipment", "shipped", 3), ("payment", "shipped", 3),
            ] {
                let answer = try await shop.post("/orders/a/\(path)", "")
                #expect(answer.status == .ok)
                #expect(answer.text("status") == status)
                #expect(answer.number("version") == version)
            }
        }
    }

    @Test func `an order in fulfilment takes no step by hand, and a wish to cancel it is noted`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a"))
            for (path, body, version) in [
                ("fulfilment", "", 2), ("fulfilment", "{\"at\":\"2026-10-25T11:00:00Z\"}", 2),
                ("cancellation", "{\"reason\":\"late\"}", 3), ("cancellation", "{\"reason\":\"too late\"}", 3),
            ] {
                let answer = try await shop.post("/orders/a/\(path)", body)
                #expect(answer.status == .ok)
                #expect(answer.text("status") == "fulfilling")
                #expect(answer.number("version") == version)
            }
            for path in ["payment", "shipment"] {
                let answer = try await shop.post("/orders/a/\(path)", "")
                #expect(answer.status == .conflict)
                #expect(answer.error("code") == "in_fulfilment")
            }
            try await shop.catchUp()
            #expect(try await ids(shop, "/orders?status=fulfilling") == [["a"]])
            #expect(try await ReadModelAudit(pool: shop.application.pool).differences() == [])
        }
    }

    @Test(arguments: [
        ("b", "fulfilment", "", HTTPStatus.notFound, "not_placed"),
        ("b", "payment", "", .notFound, "not_placed"), ("a", "shipment", "", .conflict, "not_paid"),
        (String(repeating: "x", count: 300), "payment", "", .notFound, "not_placed"),
    ])
    func `a step that cannot be taken is refused`(
        id: String, path: String, body: String, status: HTTPStatus, code: String
    ) async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a"))
            let answer = try await shop.post("/orders/\(id)/\(path)", body)
            #expect(answer.status == status)
            #expect(answer.error("code") == code)
        }
    }

    @Test func `a read that names a position sees what was written`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a", quantity: 3))
            let paid = try await shop.post("/orders/a/payment", "{\"at\":\"2026-10-25T11:00:00Z\"}")
            let position = try #require(paid.headers["Martlet-Position"])
            let order = try await shop.get("/orders/a", at: position)
            #expect(order.status == .ok)
            #expect(order.text("status") == "paid")
            #expect(order.number("totalCents") == 2370)
            #expect(order.number("itemCount") == 3)
            #expect(order.text("placedAt") == "2026-10-25T10:00:00Z")
            #expect(try await shop.get("/orders/b").status == .notFound)
        }
    }

    @Test func `a position that does not come gets 503 and when to try again`() async throws {
        try await Shop.open { shop in
            let answer = try await shop.get("/orders", headers: ["Martlet-Position": "1000000"])
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.error("code") == "read_model_behind")
            #expect(answer.headers["Retry-After"] == "1")
        }
    }

    @Test func `pages follow each other without a gap, the newest order first`() async throws {
        try await Shop.open { shop in
            for number in 1...7 { _ = try await shop.post("/orders", orderBody("o\(number)")) }
            for number in [2, 4, 6] { _ = try await shop.post("/orders/o\(number)/payment", "") }
            try await shop.catchUp()
            #expect(try await ids(shop, "/orders?limit=3") == [["o7", "o6", "o5"], ["o4", "o3", "o2"], ["o1"]])
            #expect(try await ids(shop, "/orders?limit=2&status=paid") == [["o6", "o4"], ["o2"]])
            #expect(try await ids(shop, "/orders?status=cancelled") == [[]])
        }
    }

    @Test func `health tells the read models' places`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a"))
            try await shop.catchUp()
            let health = try await shop.get("/health")
            #expect(health.status == .ok)
            #expect(health.text("status") == "ok")
            #expect(
                health.list("projections").compactMap { $0["name"] as? String } == [
                    "order_summaries", "revenue_by_day",
                ])
            for projection in health.list("projections") {
                #expect(projection["state"] as? String == "running")
                #expect(projection["position"] as? Int == 1)
                #expect(projection["lag"] as? Int == 0)
                #expect(projection["lagSeconds"] as? Double == 0)
                #expect(projection["parkedKeys"] as? Int == 0)
            }
        }
    }

    @Test func `a read of orders does not wait for the revenue`() async throws {
        try await Shop.open { shop in
            try await shop.application.projection(RevenueByDay.self).pause(because: "a test")
            let placed = try await shop.post("/orders", orderBody("a"))
            let position = try #require(placed.headers["Martlet-Position"])
            #expect(try await shop.get("/orders/a", at: position).status == .ok)
            let health = try await shop.get("/health")
            #expect(health.status == .ok)
            #expect(health.text("status") == "degraded")
            let states = health.list("projections").compactMap { $0["state"] as? String }
            #expect(states == ["running", "paused"])
            #expect(health.list("projections").last?["lag"] as? Int == 1)
        }
    }

    @Test func `an event that cannot be read is parked, the next orders are shown, and health tells`() async throws {
        try await Shop.open { shop in
            for projection in shop.application.projections { try await projection.pause() }
            _ = try await shop.post("/orders", orderBody("a"))
            try await shop.application.pool.execute("UPDATE martlet.events SET payload = '{}'")
            for projection in shop.application.projections { try await projection.resume() }
            _ = try await shop.post("/orders", orderBody("b"))
            try await shop.catchUp()
            #expect(try await shop.get("/orders/a").status == .notFound)
            #expect(try await shop.get("/orders/b").status == .ok)
            let health = try await shop.get("/health")
            #expect(health.status == .ok)
            #expect(health.text("status") == "degraded")
            #expect(health.list("projections").compactMap { $0["state"] as? String } == ["running", "running"])
            #expect(health.list("projections").compactMap { $0["parkedKeys"] as? Int } == [1, 1])
        }
    }

    @Test func `events are stored as they were agreed`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("a"))
            _ = try await shop.post("/orders/a/payment", "{\"at\":\"2026-10-25T11:00:00Z\"}")
            _ = try await shop.post("/orders/a/cancellation", "{\"at\":\"2026-10-25T12:00:00Z\",\"reason\":\"late\"}")
            let rows = try await shop.application.pool.query(
                "SELECT type || payload::jsonb::text FROM martlet.events ORDER BY position")
            let events = try rows.map { row in try row.decode(String.self) }
            #expect(
                events == [
                    """
                    order.placed{"lines": [{"sku": "TEA", "name": "Earl Grey", "quantity": 2, "unitCents": 790}], \
                    "customer": "Ada", "placedAt": "2026-10-25T10:00:00.000000Z", "totalCents": 1580}
                    """,
                    "order.paid{\"at\": \"2026-10-25T11:00:00.000000Z\", \"cents\": 1580}",
                    "order.cancelled{\"at\": \"2026-10-25T12:00:00.000000Z\", \"reason\": \"late\", \"refundedCents\": 1580}",
                ])
        }
    }

    private func ids(_ shop: Shop, _ path: String) async throws -> [[String]] {
        var pages: [[String]] = []
        var next: Int?
        repeat {
            let page = try await shop.get(path + (next.map { "\(path.contains("?") ? "&" : "?")after=\($0)" } ?? ""))
            try #require(page.status == .ok)
            pages.append(page.list("orders").compactMap { $0["id"] as? String })
            next = page.number("next")
        } while next != nil
        return pages
    }
}
