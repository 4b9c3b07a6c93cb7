import Foundation
import Martlet

/// Four events as applications have them, from two values to a document with lists in it.
enum CodecSamples {
    static let all: [any CodecSample] = [
        Sample(name: "small", event: TransferEvent.sent(cents: 5_00, to: "account-42")),
        Sample(name: "flat", event: Account.Event.sample),
        Sample(name: "order", event: BasketEvent.placed(.sample)),
        Sample(name: "mixed", event: ReadingEvent.sample),
    ]
}

private enum TransferEvent: EventPayload {
    case sent(cents: Int, to: String)
    case received(cents: Int)
}

private enum BasketEvent: EventPayload {
    case placed(Basket)
    case cancelled(reason: String)
}

private struct Basket: Codable, Sendable {
    struct Line: Codable, Sendable {
        var article: String
        var name: String
        var quantity: Int
        var cents: Int
    }

    struct Address: Codable, Sendable {
        var name: String
        var street: String
        var postcode: String
        var city: String
        var country: String?
    }

    var id: UUID
    var placedAt: Date
    var customer: String
    var lines: [Line]
    var shipTo: Address
    var billTo: Address?
    var isGift: Bool

    static let sample = Basket(
        id: UUID(uuid: (95, 12, 45, 30, 138, 83, 77, 142, 183, 177, 47, 111, 44, 159, 26, 119)),
        placedAt: Date(timeIntervalSince1970: 1_780_000_000), customer: "customer-81f3a2",
        lines: [
            Line(article: "tea-earl-grey-250", name: "Earl Grey, 250 g", quantity: 2, cents: 8_90),
            Line(article: "pot-cast-iron", name: "Teapot \"Hōbin\", cast iron", quantity: 1, cents: 64_00),
            Line(article: "book-0451", name: "The Book of Tea", quantity: 3, cents: 12_50),
            Line(article: "cup-porcelain", name: "Cup, porcelain", quantity: 4, cents: 7_25),
        ],
        shipTo: Address(
            name: "Zoë Müller", street: "Große Straße 12", postcode: "10115", city: "Berlin", country: "DE"),
        billTo: nil, isGift: false)
}

private enum ReadingEvent: EventPayload {
    case taken(
        sensor: UUID, at: Date, values: [Double], labels: [String: String], level: Double, sequence: Int64,
        calibrated: Bool, note: String?)

    static let sample = Self.taken(
        sensor: Basket.sample.id, at: Basket.sample.placedAt, values: [20.5, 20.75, 21.125, 19.875, 20.0, 20.3],
        labels: ["site": "north", "unit": "celsius"], level: 0.8125, sequence: 4_815_162_342, calibrated: true,
        note: "line one\nline two")
}
