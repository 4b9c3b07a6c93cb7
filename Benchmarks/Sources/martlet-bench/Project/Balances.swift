import Martlet

/// What the measures project: an account's balance, and the last event that changed it.
struct Balance: TableRow {
    var account: String
    var cents: Int
    var events: Int
    var position: Int

    var key: String { account }

    static let table = Table<Balance>(
        "balances", key: Column("account", \.account), columns: Column("cents", \.cents), Column("events", \.events),
        Column("position", \.position), make: Balance.init)

    mutating func add(_ recorded: Recorded<Account>) {
        cents += recorded.event.change
        events += 1
        position = Int(recorded.position.rawValue)
    }
}

extension Account.Event {
    fileprivate var change: Int {
        switch self {
        case .received(_, _, let cents, _): cents
        case .sent(_, _, let cents, _): -cents
        }
    }
}

/// Rows folded in memory.
protocol BalanceTable: TableProjection where Input == Recorded<Account>, Row == Balance {
    init()
}

extension BalanceTable {
    func key(of recorded: Recorded<Account>) -> String? { recorded.stream.key }

    func apply(_ recorded: Recorded<Account>, to row: inout Balance?) {
        var balance = row ?? Balance(account: recorded.stream.key, cents: 0, events: 0, position: 0)
        balance.add(recorded)
        row = balance
    }
}

struct Balances: BalanceTable {
    static let name = "balances"
}

/// The same by two workers.
struct BalancesInTwo: BalanceTable {
    static let name = "balances-in-two"
    static let partitions = 2
}

/// The same by a statement an event.
struct BalancesBySQL: Projection {
    static let name = "balances-by-sql"
    static let tables = [Balance.table.readModelTable]

    func project(_ recorded: Recorded<Account>, in transaction: Transaction) {
        transaction.enqueue(
            """
            INSERT INTO balances AS b (account, cents, events, position)
            VALUES (\(recorded.stream.key), \(recorded.event.change), 1, \(recorded.position.rawValue))
            ON CONFLICT ON CONSTRAINT balances_pkey DO UPDATE
            SET cents = b.cents + EXCLUDED.cents, events = b.events + 1, position = EXCLUDED.position
            """)
    }
}
