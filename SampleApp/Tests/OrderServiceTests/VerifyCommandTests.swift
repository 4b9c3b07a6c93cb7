import Foundation
import Martlet
import MartletCLI
import MartletTesting
import OrderDomain
import Testing

@testable import OrderService

@Suite(.tags(.database))
struct VerifyCommandTests {
    private func run(_ words: [String], _ application: Application) async throws -> (text: String, exitCode: ExitCode) {
        let command = VerifyCommand(application.store, OrderApplication.events)
        return try await command.run(try VerifyCommand.syntax.parse(words))
    }

    private func placeOrder(_ application: Application) async throws {
        let line = try OrderLine(sku: "TEA", name: "Earl Grey", quantity: 2, unitCents: 790)
        let details = try OrderDetails(customer: "Ada", placedAt: Shop.noon, lines: [line])
        try await application.execute(.place(details), on: try Order.id("1"))
        try await application.execute(.pay(at: Shop.noon), on: try Order.id("1"))
    }

    /// An event that no build of the sample has ever written.
    private func plant(_ type: String, in stream: String, _ application: Application) async throws {
        try await application.pool.execute(
            """
            INSERT INTO martlet.events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT count(*) + 1, 1, clock_timestamp(), gen_random_uuid(), 1, \(stream), \(type), '{}', '{}'
            FROM martlet.events
            """)
    }

    @Test func `a store that can be read is told so, and ends well`() async throws {
        try await Shop.open { shop in
            try await placeOrder(shop.application)
            let verdict = try await run([], shop.application)
            #expect(verdict.exitCode == .success)
            #expect(
                verdict.text == """
                      order.paid v1    1
                      order.placed v1  1

                    all 2 events can be read
                    """)
        }
    }

    @Test func `an event that cannot be decoded fails the command, by its place`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = OrderApplication.on(database.configuration, connections: 2)
            try await application.migrate()
            try await placeOrder(application)
            try await plant("order.paid", in: "order-2", application)
            try await plant("voucher.issued", in: "voucher-1", application)

            let verdict = try await run([], application)
            #expect(verdict.exitCode == .failure)
            #expect(verdict.text.contains("  order.paid v1    2, 1 of them unreadable\n  order.placed v1  1\n"))
            #expect(verdict.text.contains("\n  voucher          1 of a category unknown to this build\n"))
            #expect(verdict.text.contains("\norder.paid v1 at position 3 (stream \"order-2\", version 1): "))
            #expect(verdict.text.hasSuffix("\n1 of 3 events cannot be read"))

            let json = try await run(["--json"], application)
            let members = try #require(
                try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any])
            #expect(json.exitCode == .failure)
            #expect(members["isReadable"] as? Bool == false)
            #expect(members["unreadable"] as? Int == 1)
            let types = try #require(members["types"] as? [[String: Any]])
            let unreadable = try #require(types.first?["firstUnreadable"] as? [[String: Any]])
            #expect(unreadable.first?["position"] as? Int == 3)

            #expect(try await ServiceProgram(["verify"], on: database).end() == ExitCode.failure.rawValue)
        }
    }
}
