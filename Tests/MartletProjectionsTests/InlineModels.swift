import Martlet
import MartletTesting
import Testing

/// A user, whose address nobody else may have: what no aggregate can see by itself.
struct User: Aggregate {
    static let category = "user"
    enum Event: EventPayload {
        case registered(email: String)
        case renamed(email: String)
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// Refuses a second user of an address by a constraint of its table.
struct UniqueEmails: TableProjection {
    static let name = "unique_emails"

    struct Row: TableRow {
        var user: String
        var email: String

        var key: String { user }

        static let table = Table<Row>(
            "user_emails", key: Column("user_id", \.user), columns: Column("email", \.email),
            indexes: [.unique(on: "email")], make: Row.init)
    }

    func key(of recorded: Recorded<User>) -> String? { recorded.stream.key }

    func apply(_ recorded: Recorded<User>, to row: inout Row?) {
        switch recorded.event {
        case .registered(let email), .renamed(let email): row = Row(user: recorded.stream.key, email: email)
        }
    }
}

/// Adds up by SQL, and does not take a negative sum.
struct Balances: Projection {
    static let name = "balances"
    static let tables = [
        ReadModelTable(
            "balances",
            "CREATE TABLE balances (counter text PRIMARY KEY, sum bigint NOT NULL, events bigint NOT NULL)")
    ]

    struct Negative: Error {}

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        guard case .counted(let amount) = recorded.event else { throw Negative() }
        transaction.enqueue(
            """
            INSERT INTO balances AS b VALUES (\(recorded.stream.key), \(amount), 1)
            ON CONFLICT (counter) DO UPDATE SET sum = b.sum + EXCLUDED.sum, events = b.events + 1
            """)
    }
}

extension Application {
    /// What `balances` differs in from a fold of the log; nothing, if all is well.
    static var balancesDifference: SQL {
        """
        SELECT * FROM (
            SELECT substr(stream_id, 9) AS counter, sum((payload->>'by')::bigint) AS sum, count(*) AS events
            FROM martlet.events WHERE stream_id LIKE 'counter-%' GROUP BY 1
        ) log FULL JOIN read_models.balances b USING (counter)
        WHERE (log.sum, log.events) IS DISTINCT FROM (b.sum, b.events)
        """
    }

    func inlinePosition(_ name: String) async throws -> GlobalPosition {
        try await projection(named: name).status().position
    }
}

extension Result {
    var problem: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
