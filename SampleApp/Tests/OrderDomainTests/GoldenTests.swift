import Foundation
import Martlet
import MartletTesting
import OrderDomain
import Testing

/// How orders are stored, kept in files: a change of the stored format fails here before it meets a production log.
struct GoldenTests {
    private let noon = Date(timeIntervalSince1970: 1_790_000_000)

    @Test func `orders are stored and read as the golden files say`() throws {
        let details = try OrderDetails(
            customer: "Ada Lovelace", placedAt: noon.addingTimeInterval(0.25),
            lines: [
                OrderLine(sku: "TEA-1", name: "Earl Grey", quantity: 2, unitCents: 790),
                OrderLine(sku: "POT", name: "Kännchen", quantity: 1, unitCents: 2450),
            ])
        try GoldenEvents.verify(
            Order.self,
            samples: [
                .placed(details), .paid(cents: 4030, at: noon), .shipped(at: noon),
                .cancelled(reason: "changed my mind", refundedCents: 4030, at: noon),
                .fulfilmentRequested(cents: 4030, demands: details.demands, at: noon),
                .cancellationRequested(reason: "found it cheaper", at: noon),
                .completed(cents: 4030, at: noon),
            ])
    }

    @Test func `articles are stored and read as the golden files say`() throws {
        try GoldenEvents.verify(
            Stock.self,
            samples: [
                .added(quantity: 100), .reserved(order: "2026-1", quantity: 2), .released(order: "2026-1", quantity: 2),
                .dispatched(order: "2026-1", quantity: 2),
            ], directory: "Golden/Stock")
    }

    @Test func `payments are stored and read as the golden files say`() throws {
        try GoldenEvents.verify(
            Payment.self,
            samples: [
                .authorised(cents: 4030, at: noon), .declined(reason: "the card has expired", at: noon),
                .captured(cents: 4030, at: noon), .voided(at: noon), .refunded(cents: 4030, at: noon),
            ], directory: "Golden/Payment")
    }

    @Test func `shipments are stored and read as the golden files say`() throws {
        try GoldenEvents.verify(
            Shipment.self,
            samples: [
                .booked(tracking: "MT0123456789AB", at: noon), .failed(reason: "no such street", at: noon),
                .cancelled(at: noon), .dispatched(at: noon),
            ], directory: "Golden/Shipment")
    }
}
