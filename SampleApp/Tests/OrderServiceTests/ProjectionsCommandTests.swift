import Foundation
import Martlet
import MartletCLI
import MartletTesting
import OrderDomain
import Testing

@testable import OrderService

@Suite(.tags(.database)) struct ProjectionsCommandTests {
    private func run(_ words: String..., on shop: Shop) async throws -> (text: String, exitCode: ExitCode) {
        try await ProjectionsCommand(shop.application).run(try ProjectionsCommand.syntax.parse(words))
    }

    private func json(_ words: String..., on shop: Shop) async throws -> [String: Any] {
        let answer = try await ProjectionsCommand(shop.application)
            .run(try ProjectionsCommand.syntax.parse(words + ["--json"]))
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    /// A shop whose read model does not take Bob: his order is parked, and its payment behind it.
    private func openWithParkedOrder(_ body: (Shop) async throws -> Void) async throws {
        try await Shop.open { shop in
            try await shop.application.pool.execute(
                "ALTER TABLE shop.order_summaries ADD CONSTRAINT no_bob CHECK (customer <> 'Bob')")
            _ = try await shop.post("/orders", orderBody("1"))
            _ = try await shop.post("/orders", orderBody("2", customer: "Bob"))
            try await shop.application.execute(.pay(at: Shop.noon), on: try Order.id("2"))
            try await shop.catchUp()
            try await body(shop)
        }
    }

    private func acceptBob(_ shop: Shop) async throws {
        try await shop.application.pool.execute("ALTER TABLE shop.order_summaries DROP CONSTRAINT no_bob")
    }

    @Test func `all is well, and a table says so`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("1"))
            try await shop.catchUp()
            let answer = try await run(on: shop)
            #expect(answer.exitCode == .success)
            let lines = answer.text.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines[0].hasPrefix("projection       state    position  lag  behind  events/s  parked keys"))
            #expect(lines[1].hasPrefix("order_summaries  running         1    0     0 s"))
            let partitions = try await run("--partitions", on: shop)
            #expect(partitions.text.contains("\n  partition 0 "))
        }
    }

    @Test func `a parked key fails the status, is shown, retried, and then projected`() async throws {
        try await openWithParkedOrder { shop in
            let status = try await run(on: shop)
            #expect(status.exitCode == .failure)
            #expect(
                status.text.hasSuffix("order_summaries has 1 parked key: projections parked order_summaries"))
            let parked = try await json("parked", on: shop)["parked"] as? [[String: Any]]
            let key = try #require(parked?.first)
            #expect(key["name"] as? String == "order_summaries")
            #expect((key["key"] as? String, key["count"] as? Int) == ("order-2", 2))

            let shown = try await run("show", "order_summaries", "order-2", on: shop)
            #expect(shown.text.contains("order.placed") && shown.text.contains("\"customer\":\"Bob\""))
            #expect(shown.text.contains("failed 5 times, last: PostgreSQL error 23514 on constraint \"no_bob\""))
            #expect(shown.text.hasSuffix("waits"))

            let again = try await run("retry", "order_summaries", "order-2", on: shop)
            #expect(again.exitCode == .failure)
            #expect(again.text.hasPrefix("\"order-2\": projected 0 events; the next one failed again:"))
            try await acceptBob(shop)
            let mended = try await json("retry", "order_summaries", "--all", on: shop)["outcomes"] as? [[String: Any]]
            #expect(mended?.first?["projected"] as? Int == 2)
            #expect(try await run(on: shop).exitCode == .success)
            #expect(try await shop.get("/orders/2").text("status") == "paid")
        }
    }

    @Test func `what is to be discarded wants a yes, and is then gone`() async throws {
        try await openWithParkedOrder { shop in
            let decision = ["discard", "order_summaries", "order-2", "--reason", "test data", "--by", "ada"]
            let command = ProjectionsCommand(shop.application)
            let refusal = await #expect(throws: UsageError.self) {
                try await command.run(try ProjectionsCommand.syntax.parse(decision))
            }
            #expect(refusal?.description.hasPrefix("would discard the event \"order.placed\" at position 2") == true)
            let done = try await command.run(try ProjectionsCommand.syntax.parse(decision + ["--yes"]))
            #expect(
                done.text == """
                    discarded 1 event of "order-2" at position 2
                    1 event behind it still parked: projections retry order_summaries order-2
                    """)
            let rest = try await command.run(
                try ProjectionsCommand.syntax.parse(decision + ["--all", "--yes", "--json"]))
            #expect(rest.text.contains("\"discarded\":1"))
            #expect(try await run("parked", on: shop).text == "nothing is parked")
        }
    }

    @Test func `a projection is paused and resumed by its exact name`() async throws {
        try await Shop.open { shop in
            await #expect(
                throws: UsageError(
                    "expected one of the projections order_summaries, revenue_by_day, found \"order\"")
            ) { try await run("pause", "order", "--reason", "x", on: shop) }
            #expect(
                try await json("pause", "order_summaries", "--reason", "disk", on: shop)["state"] as? String
                    == "paused")
            let status = try await run(on: shop)
            #expect(status.exitCode == .success)
            #expect(status.text.hasSuffix("order_summaries is paused: disk"))
            #expect(try await run("resume", "order_summaries", on: shop).text.hasPrefix("resumed \"order_summaries\""))
        }
    }
}
