import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletProjections

/// Two shapes of one read model.
enum Tallies {
    struct FirstRow: TableRow {
        var counter: String
        var sum: Int

        var key: String { counter }

        static let table = Table<FirstRow>(
            "tallies", key: Column("counter", \.counter), columns: Column("sum", \.sum), make: FirstRow.init)
    }

    struct First: TableProjection {
        static let name = "tallies"
        static let partitions = 3

        func key(of recorded: Recorded<Counter>) -> String? { recorded.stream.key }

        func apply(_ recorded: Recorded<Counter>, to row: inout FirstRow?) throws {
            guard case .counted(let amount) = recorded.event else { throw Totals.Stumbled() }
            row = FirstRow(counter: recorded.stream.key, sum: (row?.sum ?? 0) + amount)
        }
    }

    struct SecondRow: TableRow {
        var counter: String
        var sum: Int
        var events: Int
        var largest: Int?

        var key: String { counter }

        static let table = Table<SecondRow>(
            "tallies", key: Column("counter", \.counter),
            columns: Column("sum", \.sum), Column("events", \.events), Column("largest", \.largest),
            indexes: [.index(on: "sum")], make: SecondRow.init)
    }

    struct Second: TableProjection {
        static let name = "tallies"
        static let version = 2
        static let partitions = 2

        func key(of recorded: Recorded<Counter>) -> String? { recorded.stream.key }

        func apply(_ recorded: Recorded<Counter>, to row: inout SecondRow?) throws {
            guard case .counted(let amount) = recorded.event else { throw Totals.Stumbled() }
            var next = row ?? SecondRow(counter: recorded.stream.key, sum: 0, events: 0, largest: nil)
            next.sum += amount
            next.events += 1
            next.largest = max(next.largest ?? amount, amount)
            row = next
        }
    }
}

/// Counts by its own SQL, in two partitions.
struct CountedBySQL: Projection {
    static let name = "counted"
    static let partitions = 2
    static let tables = [
        ReadModelTable(
            "counted", "CREATE TABLE counted (counter text PRIMARY KEY, sum bigint NOT NULL, events bigint NOT NULL)",
            "CREATE INDEX counted_sum_idx ON counted (sum)")
    ]

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        guard case .counted(let amount) = recorded.event else { throw Totals.Stumbled() }
        transaction.enqueue(
            """
            INSERT INTO counted AS c VALUES (\(recorded.stream.key), \(amount), 1)
            ON CONFLICT (counter) DO UPDATE SET sum = c.sum + EXCLUDED.sum, events = c.events + 1
            """)
    }
}

/// Goes past nothing that it cannot project.
struct Strict: Projection {
    static let name = "strict"
    static let onFailure = FailurePolicy.stop(after: 1)
    static let tables = [ReadModelTable("strict", "CREATE TABLE strict (amount bigint NOT NULL)")]

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        guard case .counted(let amount) = recorded.event else { throw Totals.Stumbled() }
        transaction.enqueue("INSERT INTO strict VALUES (\(amount))")
    }
}

/// One database with the programs of a first and a second version on it.
struct RebuildBench: Sendable {
    let database: ThrowawayDatabase
    let first: Application
    let second: Application

    static func with(_ body: (RebuildBench) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let bench = RebuildBench(
                database: database, first: make(database) { Tallies.First() },
                second: make(database) { Tallies.Second() })
            try await bench.first.migrate()
            try await body(bench)
        }
    }

    /// Leases are short, so that one that was left behind does not hold a test up.
    static func make(
        _ database: ThrowawayDatabase, @ApplicationBuilder _ parts: () -> [ApplicationPart]
    ) -> Application {
        Application(
            postgres: database.configuration, connections: 8, lease: .milliseconds(600),
            incidents: IncidentReport { _ in }, parts: parts)
    }

    var old: ProjectionHandle { first.projection(Tallies.First.self) }
    var new: ProjectionHandle { second.projection(Tallies.Second.self) }

    /// Appends `count` events to each of `streams` counters, interleaved in runs of ten.
    @discardableResult
    func append(_ count: Int, to streams: Int, prefix: String = "c") async throws -> GlobalPosition {
        var position = GlobalPosition.start
        for start in stride(from: 0, to: count, by: 10) {
            for stream in 0..<streams {
                let events = (start..<min(start + 10, count)).map { Counter.Event.counted(by: $0 + stream + 1) }
                position = max(
                    position,
                    try await first.store.append(events, to: Counter.ID("\(prefix)\(stream)"), expecting: .any).position
                )
            }
        }
        return position
    }

    /// Runs an application while `body` does, and not longer.
    func running<Result>(_ application: Application, _ body: () async throws -> Result) async throws -> Result {
        let run = Task { try await application.run() }
        defer { run.cancel() }
        return try await body()
    }

    func catchUp(_ application: Application) async throws {
        let head = try await application.store.head()
        try #require(try await application.caughtUp(to: head, within: .seconds(30)))
    }

    /// Runs the first program until it has taken in everything.
    func buildFirst() async throws {
        try await running(first) { try await catchUp(first) }
    }

    /// Rows in which a table differs from a fold of the log that shares no code with the projections.
    func differences(
        _ table: String = "read_models.tallies", columns: String = "counter, sum", upTo position: GlobalPosition? = nil
    ) async throws -> [String] {
        let expected = """
            SELECT substr(stream_id, 9) AS counter, sum((payload->>'by')::bigint)::bigint AS sum, count(*) AS events,
                max((payload->>'by')::bigint) AS largest
            FROM martlet.events WHERE type = 'counter.counted' AND position <= \(position?.rawValue ?? .max)
            GROUP BY stream_id
            """
        return try await first.pool.query(
            SQL(
                trusted: """
                    WITH expected AS (SELECT \(columns) FROM (\(expected)) e), found AS (SELECT \(columns) FROM \(table))
                    (SELECT 'missing ' || row(e.*)::text FROM (TABLE expected EXCEPT TABLE found) e)
                    UNION ALL (SELECT 'unexpected ' || row(f.*)::text FROM (TABLE found EXCEPT TABLE expected) f)
                    """)
        ).map { row in try row.decode(String.self) }
    }
}

/// Appends all the time, until it is stopped.
struct SteadyLoad: Sendable {
    private final class Flag: Sendable {
        let isUp = Mutex(false)
    }

    private let flag: Flag
    private let task: Task<Int, any Error>

    init(on bench: RebuildBench) {
        let flag = Flag()
        self.flag = flag
        task = Task {
            var round = 0
            while !flag.isUp.withLock(\.self) {
                try await bench.append(1, to: 5, prefix: "load\(round % 3)-")
                round += 1
            }
            return round
        }
    }

    /// Ends it and says how many rounds there were.
    func stop() async throws -> Int {
        flag.isUp.withLock { $0 = true }
        return try await task.value
    }
}

/// Looks at a table all the time: it must be there, must not lose rows, and its sum must not fall.
struct WatchfulReader: Sendable {
    let looks: Int

    static func watch(_ bench: RebuildBench, while body: () async throws -> Void) async throws -> WatchfulReader {
        let reader = try await Connection.open(bench.database.configuration)
        let watching = Task {
            var (looks, known) = (0, (0, 0))
            while !Task.isCancelled {
                let row = try await reader.query(
                    "SELECT count(*), coalesce(sum(sum), 0)::int8 FROM read_models.tallies")[0]
                let found = try row.decode(Int.self, Int.self)
                #expect(found.0 >= known.0 && found.1 >= known.1, "found \(found) after \(known)")
                (known, looks) = (found, looks + 1)
                try await Task.sleep(for: .milliseconds(1))
            }
            return looks
        }
        do { try await body() } catch {
            watching.cancel()
            throw error
        }
        watching.cancel()
        do { return WatchfulReader(looks: try await watching.value) } catch is CancellationError {
            return WatchfulReader(looks: 1)
        } catch let error as PostgresError where error.sqlState == .queryCanceled {
            return WatchfulReader(looks: 1)
        }
    }
}
