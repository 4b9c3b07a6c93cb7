import Martlet
import MartletTesting

@testable import MartletProjections

/// Counts without looking, in four partitions.
struct SharedTotals: Projection {
    static let name = "shared_totals"
    static let partitions = 4
    static let tables = [
        ReadModelTable(
            "shared_totals", "CREATE TABLE shared_totals (counter text PRIMARY KEY, n bigint NOT NULL)")
    ]

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        guard case .counted(let amount) = recorded.event else { return }
        transaction.enqueue(
            """
            INSERT INTO shared_totals AS t VALUES (\(recorded.stream.key), \(amount))
            ON CONFLICT (counter) DO UPDATE SET n = t.n + EXCLUDED.n
            """)
    }
}

/// Several applications on one database, as many processes would be.
struct Crowd {
    let database: ThrowawayDatabase
    let lease: Duration
    /// Appends, asks and waits, and runs nothing.
    let outsider: Application

    static func with(lease: Duration = .seconds(1), _ body: (Crowd) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let crowd = Crowd(database: database, lease: lease, outsider: Self.make(database, lease))
            try await crowd.outsider.migrate()
            try await body(crowd)
        }
    }

    private static func make(_ database: ThrowawayDatabase, _ lease: Duration) -> Application {
        Application(postgres: database.configuration, connections: 8, lease: lease, incidents: .init { _ in }) {
            SharedTotals()
        }
    }

    /// One more that runs, until the task is cancelled.
    func member() -> Task<Void, any Error> {
        let application = Self.make(database, lease)
        return Task { try await application.run() }
    }

    var projection: ProjectionHandle { outsider.projection(SharedTotals.self) }

    @discardableResult
    func append(_ count: Int, by amount: Int = 1) async throws -> GlobalPosition {
        var last = GlobalPosition.start
        for number in 0..<count {
            last = try await outsider.execute(.counted(by: amount), on: Counter.ID("\(number % 16)")).position
        }
        return last
    }

    func total() async throws -> Int {
        try await outsider.pool.query("SELECT coalesce(sum(n), 0)::bigint FROM read_models.shared_totals")[0]
            .decode(Int.self)
    }

    /// How many partitions each member has, the fewest first.
    func shares() async throws -> [Int] {
        let members = try await projection.status().partitions.compactMap(\.member)
        return Dictionary(grouping: members, by: \.self).values.map(\.count).sorted()
    }

    /// Whether the members come to have so many within the time.
    func settles(at expected: [Int], within limit: Duration) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while deadline > .now {
            if try await shares() == expected { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    func execute(_ sql: SQL) async throws { try await outsider.pool.execute(sql) }
}
