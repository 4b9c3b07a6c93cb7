// The code of README.md, line by line; ReadmeTests holds the two together.

import Martlet
import MartletTesting
import Testing

struct Account: Aggregate {
    static let category = "account"

    enum Command {
        case receive(cents: Int)
        case send(cents: Int, to: Account.ID)
    }

    enum Event: EventPayload {
        case received(cents: Int)
        case sent(cents: Int, to: Account.ID)
    }

    enum Rejection: Error, Equatable {
        case insufficientFunds(shortBy: Int)
    }

    var balance = 0

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .receive(let cents):
            return [.received(cents: cents)]
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

struct Balances: Projection {
    static let name = "balances"

    func project(_ recorded: Recorded<Account>, in transaction: Transaction) async throws {
        let change =
            switch recorded.event {
            case .received(let cents): cents
            case .sent(let cents, _): -cents
            }
        try await transaction.execute(
            """
            INSERT INTO balances (account, cents) VALUES (\(recorded.stream.key), \(change))
            ON CONFLICT (account) DO UPDATE SET cents = balances.cents + excluded.cents
            """)
    }
}

func openBank(_ postgres: PostgresConfiguration) async throws {
    let bank = Application(postgres: postgres) { Balances() }
    try await bank.migrate()
    try await bank.pool.execute("CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL)")

    try await bank.execute(.receive(cents: 20_00), on: Account.ID("ada"))
    do throws(ExecuteError<Account.Rejection>) {
        try await bank.execute(.send(cents: 25_00, to: "bob"), on: Account.ID("ada"))
    } catch .rejected(.insufficientFunds(let missing)) {
        print("short by \(missing) cents")
    }

    let receipt = try await bank.execute(.send(cents: 5_00, to: "bob"), on: Account.ID("ada"))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await bank.run() }  // projections, until cancelled
        print(try await bank.caughtUp(to: receipt.position))
        group.cancelAll()
    }
}

struct AccountTests {
    @Test func `sending takes from the balance, and never more than there is`() {
        Given<Account>([.received(cents: 5_00)])
            .when(.send(cents: 4_00, to: "bob")).then([.sent(cents: 4_00, to: "bob")])
            .when(.send(cents: 2_00, to: "bob")).thenRejected(.insufficientFunds(shortBy: 1_00))
    }

    @Test func `what one receives another can send on`() async throws {
        let store = EventStore.inMemory()
        try await store.execute(.receive(cents: 5_00), on: Account.ID("ada"))
        let receipt = try await store.execute(.send(cents: 5_00, to: "bob"), on: Account.ID("ada"))
        #expect(receipt.version == 2)
    }
}
