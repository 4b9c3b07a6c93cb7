import Martlet
import MartletPostgres
import MartletTesting
import Testing

@testable import MartletStreamingLog

/// What becomes of segments that are to go while others hold or read them.
@Suite(.tags(.database)) struct DroppingTests {
    private func withLog(
        _ topic: Topic, _ body: (EmbeddedLog, ConnectionPool) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(topic)
            try await body(log, ConnectionPool(database.configuration, size: 3))
        }
    }

    @Test func `what is said to be kept while a segment is looked at is kept`() async throws {
        let topic = Topic(
            "orders", partitions: 1, retention: .init(time: .milliseconds(1)), segments: .init(time: .milliseconds(1)))
        try await withLog(topic) { log, pool in
            try await log.producer().send(Record("a", "1"), to: "orders")
            try await Task.sleep(for: .milliseconds(3))
            try await pool.query("SELECT martlet_log.roll_segment(1)")
            try await pool.transaction { transaction in
                try await transaction.query("UPDATE martlet_log.topics SET protected_groups = '{readers}'")
                try await log.expectLockedUpkeep()
                #expect(try await log.records(in: "orders")[0].count == 1)
            }
            try await log.storage.maintain()
            #expect(try await log.records(in: "orders")[0].count == 1)
        }
    }

    @Test func `that nothing can be dropped is told once, when it has lasted`() async throws {
        try await withLog(Topic("orders", partitions: 1)) { log, pool in
            try await pool.execute("ALTER FUNCTION martlet_log.forget_producers RENAME TO elsewhere")
            let (failures, feed) = AsyncStream<StreamingLogError>.makeStream()
            let running = Task {
                try await log.run(every: .milliseconds(2), patience: .milliseconds(20)) { feed.yield($0) }
            }
            var told = failures.makeAsyncIterator()
            #expect(await told.next()?.description.contains("forget_producers") == true)
            try await pool.execute("ALTER FUNCTION martlet_log.elsewhere RENAME TO forget_producers")
            try await Task.sleep(for: .milliseconds(100))
            running.cancel()
            _ = await running.result
            feed.finish()
            #expect(await told.next() == nil)
        }
    }

    @Test func `whoever comes to a segment that goes, and then to the next one that does, reads on`() async throws {
        try await withLog(Topic("orders", partitions: 1)) { log, pool in
            try await log.seek("readers", in: "orders", to: .beginning)
            for number in 0..<3 {
                try await log.producer().send(Record("a", "\(number)"), to: "orders")
                try await pool.query("SELECT martlet_log.open_segment(1)")
            }
            let lag = try await pool.transaction { second in
                try await second.query("LOCK TABLE martlet_log.records_1_2 IN ACCESS EXCLUSIVE MODE")
                let lag = try await pool.transaction { first in
                    try await first.query("SELECT martlet_log.drop_segments(1, 1)")
                    let lag = Task { try await log.lag(of: "readers") }
                    try await somebodyWaits(for: "records_1_1", pool)
                    return lag
                }
                try await somebodyWaits(for: "records_1_2", pool)
                try await second.query("SELECT martlet_log.drop_segments(1, 2)")
                return lag
            }
            #expect(try await lag.value.map(\.records) == [1])
        }
    }

    private func somebodyWaits(for table: String, _ pool: ConnectionPool) async throws {
        try await eventually {
            try await !pool.query(
                "SELECT FROM pg_locks WHERE NOT granted AND relation = \("martlet_log." + table)::regclass"
            ).isEmpty
        }
    }

    @Test func `a topic is deleted while others read it, and neither waits for the other for ever`() async throws {
        try await withLog(Topic("orders", partitions: 1, segments: .init(time: .milliseconds(1)))) { log, pool in
            try await log.producer().send(Record("a", "1"), to: "orders")
            try await Task.sleep(for: .milliseconds(3))
            try await log.storage.maintain()
            let deleting = try await pool.transaction { transaction in
                // As a fetch looks at the end of a partition before it looks at its beginning.
                try await transaction.query("SELECT FROM martlet_log.records_1_2")
                let deleting = Task { try await log.delete("orders") }
                try await somebodyWaits(for: "records_1_2", pool)
                try await transaction.query("SELECT FROM martlet_log.records_1_1")
                return deleting
            }
            try await deleting.value
            #expect(try await log.topics().isEmpty)
        }
    }
}
