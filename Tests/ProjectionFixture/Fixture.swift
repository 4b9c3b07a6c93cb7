import Foundation
import Martlet

/// Runs two projections of the same events until it is ended, on the database that the environment names.
///
/// With `FIXTURE_TRAPS` set, an event that traps ends the process.
@main struct Fixture {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let lease = environment["FIXTURE_LEASE_MILLISECONDS"].flatMap(Int.init) ?? 1000
        let application = Application(postgres: .environment, connections: 8, lease: .milliseconds(lease)) {
            Tallies(traps: environment["FIXTURE_TRAPS"] != nil)
            Sums()
        }
        if CommandLine.arguments.dropFirst().first == "migrate" {
            try await application.migrate()
        } else {
            try await application.run()
        }
    }
}

struct Counter: Aggregate {
    static let category = "counter"
    enum Event: EventPayload {
        case counted(by: Int)
        case trapped
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// Adds up without looking, and writes down each event: one that takes effect twice, or not at all, shows.
struct Tallies: Projection {
    static let name = "tallies"
    static let partitions = 4
    static let onFailure = FailurePolicy.park(after: 3)
    static let tables = [
        ReadModelTable(
            "tallies", "CREATE TABLE tallies (counter text PRIMARY KEY, n bigint NOT NULL, events bigint NOT NULL)"),
        ReadModelTable("tallied", "CREATE TABLE tallied (position bigint NOT NULL)"),
    ]
    let traps: Bool

    func project(_ recorded: Recorded<Counter>, in transaction: Transaction) async throws {
        switch recorded.event {
        case .counted(let amount):
            transaction.enqueue(
                """
                INSERT INTO tallies AS t VALUES (\(recorded.stream.key), \(amount), 1)
                ON CONFLICT (counter) DO UPDATE SET n = t.n + EXCLUDED.n, events = t.events + 1
                """)
            transaction.enqueue("INSERT INTO tallied VALUES (\(recorded.position.rawValue))")
        case .trapped:
            guard traps else { return }
            // So that the other partitions move meanwhile on a busy machine, too: one that does not move in any of the
            // process's lives is suspected as well.
            try await Task.sleep(for: .milliseconds(300))
            fatalError("the event that traps")
        }
    }
}

struct Sum: TableRow {
    var counter: String
    var sum: Int
    var events: Int

    var key: String { counter }

    static let table = Table<Sum>(
        "sums", key: Column("counter", \.counter), columns: Column("sum", \.sum), Column("events", \.events),
        make: Sum.init)
}

struct Sums: TableProjection {
    static let name = "sums"
    static let partitions = 4

    func key(of recorded: Recorded<Counter>) -> String? { recorded.stream.key }

    func apply(_ recorded: Recorded<Counter>, to row: inout Sum?) {
        guard case .counted(let amount) = recorded.event else { return }
        var sum = row ?? Sum(counter: recorded.stream.key, sum: 0, events: 0)
        sum.sum += amount
        sum.events += 1
        row = sum
    }
}
