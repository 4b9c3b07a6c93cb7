import Martlet

/// What most measures append to: its events are of about 180 bytes.
struct Account: Aggregate {
    static let category = "account"

    enum Event: EventPayload {
        case received(account: String, reference: String, cents: Int, note: String)
        case sent(account: String, reference: String, cents: Int, note: String)
    }

    private var balance = 0

    func decide(_ command: Event) -> [Event] { [command] }

    mutating func apply(_ event: Event) {
        switch event {
        case .received(_, _, let cents, _): balance += cents
        case .sent(_, _, let cents, _): balance -= cents
        }
    }
}

/// The same streams, folded by an aggregate whose state is kept in snapshots.
struct SavedAccount: Snapshotting {
    static let category = Account.category
    static let snapshotVersion = 1

    private var balance = 0

    func decide(_ command: Account.Event) -> [Account.Event] { [command] }

    mutating func apply(_ event: Account.Event) {
        switch event {
        case .received(_, _, let cents, _): balance += cents
        case .sent(_, _, let cents, _): balance -= cents
        }
    }
}

extension Account.Event {
    static let sample = Self.received(
        account: "account-5f0c2d1e-8a53-4d8e-b7b1-2f6f2c9f1a77", reference: "INV-2026-000123456", cents: 123_456,
        note: "thank you for your order of three books and a pot of tea, see you soon")

    /// The sample as the log keeps it: what the yardsticks and the rivals insert, and what a log is filled with.
    static let samplePayload =
        #"{"account":"account-5f0c2d1e-8a53-4d8e-b7b1-2f6f2c9f1a77","reference":"INV-2026-000123456","cents":123456,"#
        + #""note":"thank you for your order of three books and a pot of tea, see you soon"}"#
}

/// The second category of a filled log.
enum OrderEvent: EventPayload {
    case placed(account: String, reference: String, cents: Int, note: String)
    case packed(account: String, reference: String, cents: Int, note: String)
    case shipped(account: String, reference: String, cents: Int, note: String)
    /// The rare one: each thousandth event of the log.
    case returned(account: String, reference: String, cents: Int, note: String)
}
