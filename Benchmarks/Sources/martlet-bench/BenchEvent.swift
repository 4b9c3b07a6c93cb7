import Martlet

/// One event of about 210 bytes, the same text that the yardstick inserts.
struct Parcel: Aggregate {
    static let category = "account"

    enum Event: EventPayload { case received(from: String, reference: String, cents: Int, note: String) }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

enum BenchEvent {
    static let event = Parcel.Event.received(
        from: "account-5f0c2d1e-8a53-4d8e-b7b1-2f6f2c9f1a77", reference: "INV-2026-000123456", cents: 123_456,
        note: "thank you for your order of three books and a pot of tea, see you soon")

    static let payloadText =
        #"{"from":"account-5f0c2d1e-8a53-4d8e-b7b1-2f6f2c9f1a77","reference":"INV-2026-000123456","cents":123456,"#
        + #""note":"thank you for your order of three books and a pot of tea, see you soon"}"#
}
