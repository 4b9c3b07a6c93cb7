import Foundation
import Martlet
import MartletCLI
import MartletTesting
import OrderDomain
import Testing

@testable import OrderService

@Suite(.tags(.database)) struct PublicationsCommandTests {
    private func run(_ words: String..., on shop: Shop) async throws -> (text: String, exitCode: ExitCode) {
        try await PublicationsCommand(shop.application).run(try PublicationsCommand.syntax.parse(words))
    }

    /// An order with an event behind the first that no program can read.
    private func spoil(_ order: String, in shop: Shop) async throws {
        try await shop.application.pool.execute(
            """
            INSERT INTO martlet.events
            SELECT (SELECT max(position) FROM martlet.events) + 1, version + 1, recorded_at, gen_random_uuid(),
                type_version, stream_id, 'order.paid', '"nonsense"', metadata
            FROM martlet.events WHERE stream_id = \("order-\(order)") AND version = 1
            """)
    }

    private func untilParked(in shop: Shop) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await run("parked", on: shop).text == "nothing is parked" {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test func `a publication is paused and resumed, and a table says so`() async throws {
        try await Shop.open { shop in
            let paused = try await run("pause", "order_messages", "--reason", "stocktaking", on: shop)
            #expect(paused.text.hasPrefix("paused \"order_messages\" at position "))
            let status = try await run(on: shop)
            #expect(status.exitCode == .success)
            #expect(status.text.hasPrefix("publication     state   position"))
            #expect(status.text.hasSuffix("order_messages is paused: stocktaking"))
            _ = try await run("resume", "order_messages", on: shop)
            let json = try await run("--json", on: shop).text
            #expect(json.hasPrefix(#"{"publications":[{"#) && json.contains(#""running""#))
            await #expect(throws: UsageError("expected one of the publications order_messages, found \"news\"")) {
                try await run("resume", "news", on: shop)
            }
        }
    }

    @Test func `an event that no message can be made of waits for an operator, and others do not`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("1"))
            try await spoil("1", in: shop)
            try await untilParked(in: shop)
            let status = try await run(on: shop)
            #expect(status.exitCode == .failure)
            #expect(status.text.hasSuffix("order_messages has 1 parked key: publications parked order_messages"))
            let key = try await shop.application.publications[0].follower.parkedKeys()[0].key
            let again = try await run("retry", "order_messages", key, on: shop)
            #expect(again.exitCode == .failure)
            #expect(again.text.hasPrefix("\"\(key)\": published 0 events; the next one failed again:"))
            _ = try await shop.post("/orders", orderBody("2"))
            let head = try await shop.application.store.head()
            #expect(try await shop.application.publications[0].follower.caughtUp(to: head, within: .seconds(60)))
            let partitions = try await shop.application.log.describe("orders").partitions
            #expect(partitions.reduce(0) { $0 + $1.end.rawValue } == 2)
            let gone = try await run(
                "discard", "order_messages", key, "--reason", "damaged", "--by", "ada", "--yes", on: shop)
            #expect(gone.text == "discarded 1 event of \"\(key)\" at position 2")
            #expect(try await run(on: shop).exitCode == .success)
        }
    }
}
