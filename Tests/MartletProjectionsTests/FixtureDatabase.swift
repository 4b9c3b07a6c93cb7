import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletProjections

/// A database with the fixture's projections, an application that appends to it, and an audit that knows nothing of
/// how they are projected: it folds the log in SQL.
struct FixtureDatabase: Sendable {
    let database: ThrowawayDatabase
    let application: Application
    static let counters = 24

    static func with(_ body: (FixtureDatabase) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let migration = try FixtureProcess(on: database, ["migrate"])
            try #require(try await migration.end() == 0)
            let application = Application(postgres: database.configuration)
            try await body(try await FixtureDatabase(database: database, application: application).prepared())
        }
    }

    /// Writes down which partition each counter belongs to: all that the audit takes from the code.
    private func prepared() async throws -> FixtureDatabase {
        try await application.pool.execute(
            "CREATE TABLE places (projection text, counter text, partition int2, PRIMARY KEY (projection, counter))")
        for number in 0..<Self.counters {
            let key = "\(number)"
            try await application.pool.execute(
                """
                INSERT INTO places VALUES ('sums', \(key), \(Int16(key.partition(of: 4)))),
                    ('tallies', \(key), \(Int16("counter-\(key)".partition(of: 4))))
                """)
        }
        return self
    }

    /// In one snapshot, what the tables have that is not the fold of the log up to the checkpoints, and the other way.
    func differences() async throws -> (tallies: Int, tallied: Int, sums: Int) {
        try await application.pool.transaction(.repeatableRead) { transaction in
            try await transaction.query(
                """
                WITH passed AS (
                    SELECT b.projection, l.counter, e.position, (e.payload->>'by')::bigint AS by
                    FROM martlet.events e
                    JOIN places l ON e.stream_id = 'counter-' || l.counter
                    JOIN martlet.projection_builds b ON b.projection = l.projection AND b.stage = 'live'
                    JOIN martlet.projection_partitions p ON p.build = b.build AND p.partition = l.partition
                    WHERE e.type = 'counter.counted' AND e.position <= p.position
                ), fold AS (
                    SELECT projection, counter, sum(by)::bigint AS n, count(*) AS events FROM passed GROUP BY 1, 2
                )
                SELECT (SELECT count(*) FROM (SELECT * FROM fold WHERE projection = 'tallies') f
                        FULL JOIN read_models.tallies t ON t.counter = f.counter COLLATE "C"
                        WHERE (t.n, t.events) IS DISTINCT FROM (f.n, f.events)),
                    (SELECT count(*) FROM (SELECT * FROM passed WHERE projection = 'tallies') f
                        FULL JOIN (SELECT position, count(*) FROM read_models.tallied GROUP BY 1) t USING (position)
                        WHERE t.count IS DISTINCT FROM 1 OR f.counter IS NULL),
                    (SELECT count(*) FROM (SELECT * FROM fold WHERE projection = 'sums') f
                        FULL JOIN read_models.sums s ON s.counter = f.counter COLLATE "C"
                        WHERE (s.sum, s.events) IS DISTINCT FROM (f.n, f.events))
                """)[0].decode(Int.self, Int.self, Int.self)
        }
    }

    /// Position and epoch of each partition of each projection.
    func checkpoints() async throws -> [String: (position: Int64, epoch: Int64)] {
        let rows = try await application.pool.query(
            """
            SELECT b.projection || '/' || p.partition, p.position, p.epoch FROM martlet.projection_partitions p
            JOIN martlet.projection_builds b ON b.build = p.build
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let (name, position, epoch) = try row.decode(String.self, Int64.self, Int64.self)
                return (name, (position, epoch))
            })
    }

    /// Appends to a random counter; what becomes of it, the log says.
    func append() async throws {
        let counter = Counter.ID("\(Int.random(in: 0..<Self.counters))")
        do throws(ExecuteError<Never>) {
            try await application.execute(.counted(by: Int.random(in: -9...9)), on: counter)
        } catch {
            guard case .failed(let failure) = error, failure.isUnavailability else { throw error }
        }
    }

    /// Whether all partitions of both projections get to the log's end in time.
    func catchUp(within limit: Duration = .seconds(30)) async throws -> Bool {
        let head = try await application.store.head()
        let deadline = ContinuousClock.now + limit
        while deadline > .now {
            if try await checkpoints().values.allSatisfy({ $0.position >= head.rawValue }) { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
