import Martlet

/// Adds up without looking, so that a command that takes effect twice, or an undo of what was never done, shows.
struct Account: Aggregate {
    static let category = "account"

    enum Command: Codable {
        case open(cents: Int)
        case close
        case send(cents: Int, to: Account.ID, transfer: String)
        case receive(cents: Int, transfer: String)
        case takeBack(cents: Int, transfer: String)
        case giveBack(cents: Int, transfer: String)
    }
    enum Event: EventPayload {
        case opened(cents: Int)
        case closed
        case sent(cents: Int, to: Account.ID, transfer: String)
        case received(cents: Int, transfer: String)
        case tookBack(cents: Int, transfer: String)
        case gaveBack(cents: Int, transfer: String)
    }
    enum Rejection: Error, Codable { case closed }

    var isClosed = false

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .open(let cents): return [.opened(cents: cents)]
        case .close: return [.closed]
        case .send(let cents, let recipient, let transfer):
            return [.sent(cents: cents, to: recipient, transfer: transfer)]
        case .receive(let cents, let transfer):
            guard !isClosed else { throw .closed }
            return [.received(cents: cents, transfer: transfer)]
        case .takeBack(let cents, let transfer): return [.tookBack(cents: cents, transfer: transfer)]
        case .giveBack(let cents, let transfer): return [.gaveBack(cents: cents, transfer: transfer)]
        }
    }

    mutating func apply(_ event: Event) { if case .closed = event { isClosed = true } }
}
