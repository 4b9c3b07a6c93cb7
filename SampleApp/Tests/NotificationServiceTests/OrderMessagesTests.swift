import Foundation
import Martlet
import MartletTesting
import OrderDomain
import OrderPublication
import Testing

struct OrderMessagesTests {
    private static let noon = Date(timeIntervalSince1970: 1_790_000_000)
    private static func details() throws -> OrderDetails {
        try OrderDetails(
            customer: "Ada Lovelace", placedAt: noon,
            lines: [OrderLine(sku: "TEA-EARL-100", name: "Earl Grey, 100 g", quantity: 2, unitCents: 7_90)])
    }

    /// What others have come to rely on: a change here needs a type with the next number.
    private static func golden() throws -> [(Order.Event, String, String)] {
        [
            (
                .placed(try details()), "order.placed.v1",
                #"{"order":"42","customer":"Ada Lovelace","totalCents":1580,"items":2,"at":"2026-09-21T14:13:20.000000Z"}"#
            ),
            (
                .paid(cents: 15_80, at: noon), "order.paid.v1",
                #"{"order":"42","cents":1580,"at":"2026-09-21T14:13:20.000000Z"}"#
            ),
            (.shipped(at: noon), "order.shipped.v1", #"{"order":"42","at":"2026-09-21T14:13:20.000000Z"}"#),
            (
                .completed(cents: 15_80, at: noon), "order.completed.v1",
                #"{"order":"42","cents":1580,"at":"2026-09-21T14:13:20.000000Z"}"#
            ),
            (
                .cancelled(reason: "too late", refundedCents: 15_80, at: noon), "order.cancelled.v1",
                #"{"order":"42","reason":"too late","refundedCents":1580,"at":"2026-09-21T14:13:20.000000Z"}"#
            ),
        ]
    }

    @Test(.tags(.database))
    func `messages look as others know them, in the order of the order's events`() async throws {
        let golden = try Self.golden()
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration) { Publishing(OrderMessages()) }
            try await application.migrate()
            let receipt = try await application.store.append(
                golden.map(\.0) + [.cancellationRequested(reason: "too late", at: Self.noon)],
                to: Order.ID("42"), expecting: .noStream)
            let running = Task { try await application.run() }
            defer { running.cancel() }
            let isThere = try await application.publication(OrderMessages.self)
                .caughtUp(to: receipt, within: .seconds(30))
            try #require(isThere)
            var records: [StoredRecord] = []
            for number in 0..<4 {
                records += try await application.log.fetch(
                    TopicPartition("orders", number), from: 0, upTo: FetchLimits())
            }
            #expect(records.map { $0.header("ce_type") } == golden.map(\.1))
            #expect(records.map { String(decoding: $0.value ?? [], as: UTF8.self) } == golden.map(\.2))
            #expect(records.allSatisfy { $0.key == Array("42".utf8) && $0.header("ce_subject") == "42" })
            #expect(records.allSatisfy { $0.header("ce_source") == "/martlet/order-service" })
        }
    }
}
