// The code of README.md, line by line; ReadmeTests holds the two together.

import Martlet
import MartletCLI
import MartletTesting
import Testing

struct Account: Aggregate {
    static let category = "account"
    static let mostCents = 10_000_00

    enum Command: Codable {
        case receive(cents: Int, transfer: String? = nil)
        case send(cents: Int, to: Account.ID)
    }

    enum Event: EventPayload {
        case received(cents: Int, transfer: String? = nil)
        case sent(cents: Int, to: Account.ID)
    }

    enum Rejection: Error, Codable, Equatable {
        case insufficientFunds(shortBy: Int)
        case tooMuch
    }

    var balance = 0

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .receive(let cents, let transfer):
            guard cents <= Self.mostCents - balance else { throw .tooMuch }
            return [.received(cents: cents, transfer: transfer)]
        case .send(let cents, let recipient):
            guard balance >= cents else { throw .insufficientFunds(shortBy: cents - balance) }
            return [.sent(cents: cents, to: recipient)]
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .received(let cents, _): balance += cents
        case .sent(let cents, _): balance -= cents
        }
    }
}

struct Balances: Projection {
    static let name = "balances"
    static let tables = [
        ReadModelTable("balances", "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL)")
    ]

    func project(_ recorded: Recorded<Account>, in transaction: Transaction) async throws {
        let change =
            switch recorded.event {
            case .received(let cents, _): cents
            case .sent(let cents, _): -cents
            }
        transaction.enqueue(
            """
            INSERT INTO balances (account, cents) VALUES (\(recorded.stream.key), \(change))
            ON CONFLICT (account) DO UPDATE SET cents = balances.cents + excluded.cents
            """)
    }
}

struct Activity: TableRow {
    var account: String
    var day: Day
    var events: Int

    var key: AccountDay { AccountDay(account: account, day: day) }

    static let table = Table<Activity>(
        "activity", key: Column("account", \.account), Column("day", \.day), columns: Column("events", \.events),
        indexes: [.index(on: "day")], make: Activity.init)
}

struct AccountDay: TableKey {
    var account: String
    var day: Day

    static let parts = KeyParts(\Self.account, \.day)
}

struct DailyActivity: TableProjection {
    static let name = "daily_activity"
    static let partitions = 4  // for as many processes to share

    func key(of recorded: Recorded<Account>) -> AccountDay? {
        Day(utc: recorded.recordedAt).map { AccountDay(account: recorded.stream.key, day: $0) }
    }

    func apply(_ recorded: Recorded<Account>, to row: inout Activity?) {
        guard let key = key(of: recorded) else { return }
        row = Activity(account: key.account, day: key.day, events: (row?.events ?? 0) + 1)
    }
}

func openBank(_ postgres: PostgresConfiguration) async throws {
    let bank = Application(postgres: postgres) {
        Balances()
        DailyActivity()
    }
    try await bank.migrate()  // Martlet's schema, and the tables of the projections

    try await bank.execute(.receive(cents: 20_00), on: Account.ID("ada"))
    do throws(ExecuteError<Account.Rejection>) {
        try await bank.execute(.send(cents: 25_00, to: "bob"), on: Account.ID("ada"))
    } catch .rejected(.insufficientFunds(let missing)) {
        print("short by \(missing) cents")
    }

    let receipt = try await bank.execute(.send(cents: 5_00, to: "bob"), on: Account.ID("ada"))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await bank.run() }  // projections, until cancelled
        if try await bank.projection(Balances.self).caughtUp(to: receipt) {
            let row = try await bank.pool.query("SELECT cents FROM read_models.balances WHERE account = 'ada'")[0]
            print("ada has \(try row.decode(Int.self)) cents")
        }
        group.cancelAll()
    }
}

func program(of bank: Application) -> Program {
    Program(
        "bank", "accounts, and what moves between them",
        commands: [
            MigrateCommand(bank).command, ProjectionsCommand(bank).command, ProcessesCommand(bank).command,
            RebuildCommand(bank).command,
        ])
}  // in main.swift: exit(await program(of: bank).run(Array(CommandLine.arguments.dropFirst())).rawValue)

struct Transfers: ProcessManager {
    static let name = "transfer"

    enum Input: ProcessInput {
        case account(Recorded<Account>)
        case refused(Refusal<Account>)

        static let sources: [InputSource<Self>] = [
            .events(Self.account, of: { $0.transfer }, starting: { if case .sent = $0.event { true } else { false } }),
            .refusals(Self.refused),
        ]
    }

    mutating func react(to input: Input) -> [Effect] {
        switch input {
        case .account(let recorded):
            switch recorded.event {
            case .sent(let cents, let recipient):
                return [
                    .onCompensation(.send(.receive(cents: cents), to: recorded.stream, as: "give back")),
                    .send(.receive(cents: cents, transfer: recorded.transfer), to: recipient, as: "deliver"),
                ]
            case .received: return [.complete]
            }
        case .refused(let refusal): return [.compensate(because: "\(refusal.rejection)")]
        }
    }
}

extension Recorded<Account> {
    /// A transfer goes by the id of the event that began it.
    var transfer: String? {
        switch event {
        case .sent: "\(id)"
        case .received(_, let transfer): transfer
        }
    }
}

struct MoneySent: Codable {
    var cents: Int
    var to: String
}

struct AccountMessages: Publication {
    static let name = "account_messages"
    static let topic = Topic("accounts", partitions: 4)
    static let source = "/bank/accounts"

    func messages(for recorded: Recorded<Account>) -> [IntegrationEvent] {
        guard case .sent(let cents, let recipient) = recorded.event else { return [] }
        return [IntegrationEvent(type: "account.sent.v1", data: MoneySent(cents: cents, to: recipient.key))]
    }
}

struct Statements: MessageHandler {
    static let name = "statements"
    static let topics: [TopicName] = ["accounts"]

    func handle(_ message: Message, in transaction: Transaction) async throws {
        let sent = try message.decode(MoneySent.self)
        transaction.enqueue("INSERT INTO statements (account, cents) VALUES (\(message.key), \(sent.cents))")
    }
}

func writeStatements(from bank: PostgresConfiguration, into office: PostgresConfiguration) async throws {
    let consumers = Consumers(of: EmbeddedLog(postgres: bank), postgres: office) { Statements() }
    try await consumers.migrate()
    try await consumers.run()  // until cancelled
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

struct ProjectionTests {
    let ada = Account.ID("ada")

    @Test func `every event of a day counts`() {
        GivenEvents(for: DailyActivity(), .on(ada, .received(cents: 5_00)))
            .when(.on(ada, .sent(cents: 1_00, to: "bob")))
            .then([Activity(account: "ada", day: Day("2026-01-01")!, events: 2)])
    }

    @Test func `a balance is what came in less what went out`() async throws {
        try await GivenEvents(for: Balances(), .on(ada, .received(cents: 5_00)))
            .when(.on(ada, .sent(cents: 1_00, to: "bob")))
            .then("SELECT account, cents FROM balances", [("ada", 4_00)])
            .checkReplay()
    }
}

struct TransferTests {
    let ada = Account.ID("ada")

    @Test func `what the recipient refuses is given back`() {
        GivenProcess(Transfers.self, .on(ada, .sent(cents: 5_00, to: "bob")))
            .when(.refused(Account.self, .tooMuch, of: "deliver"))
            .then([.compensate(because: "tooMuch")])
            .thenUndoes(["give back"])
            .checkReplay()
    }
}
