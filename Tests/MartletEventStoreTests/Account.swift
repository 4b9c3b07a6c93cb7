import Martlet

/// A bank account, the tests' aggregate.
struct Account: Aggregate {
    static let category = "account"

    enum Command: Encodable {
        case receive(cents: Int)
        case send(cents: Int, to: Account.ID)
    }
    enum Event: EventPayload, Equatable {
        case received(cents: Int)
        case sent(cents: Int, to: Account.ID)
    }
    enum Rejection: Error, Codable, Equatable { case insufficientFunds(shortBy: Int) }

    var balance = 0

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .receive(let cents): return [.received(cents: cents)]
        case .send(let cents, let recipient):
            guard balance >= cents else { throw .insufficientFunds(shortBy: cents - balance) }
            return [.sent(cents: cents, to: recipient)]
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .received(let cents): balance += cents
        case .sent(let cents, _): balance -= cents
        }
    }
}
