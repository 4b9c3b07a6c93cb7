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
            try await body(log, ConnectionPool(database.configuration, size: 2))
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
                try await log.storage.maintain()
                #expect(try await log.records(in: "orders")[0].count == 1)
            }
            try await log.storage.maintain()
            #expect(try await log.records(in: "orders")[0].count == 1)
        }
    }

    @Test func `whoever reads while segments go one after the other reads on`() async throws {
        let topic = Topic(
            "orders", partitions: 1, retention: .init(time: .seconds(3600)), segments: .init(time: .milliseconds(1)))
        try await withLog(topic) { log, pool in
            for number in 0..<60 {
                try await log.producer().send(Record("a", "\(number)"), to: "orders")
                try await Task.sleep(for: .milliseconds(2))
                try await pool.query("SELECT martlet_log.roll_segment(1)")
            }
            let place = TopicPartition("orders", 0)
            let readers = (0..<4).map { _ in
                Task {
                    while case let beginning = try await log.describe("orders").partitions[0].beginning, beginning < 50
                    {
                        do throws(StreamingLogError) {
                            _ = try await log.fetch(place, from: beginning, upTo: FetchLimits(records: 1))
                        } catch .offsetOutOfRange {}
                    }
                }
            }
            try await log.setRetention(of: "orders", to: .init(time: .milliseconds(1)))
            try await eventually {
                try await log.storage.maintain()
                return try await log.describe("orders").partitions[0].beginning == 60
            }
            for reader in readers { try await reader.value }
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
                try await eventually {
                    try await !pool.query(
                        """
                        SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        """
                    ).isEmpty
                }
                try await transaction.query("SELECT FROM martlet_log.records_1_1")
                return deleting
            }
            try await deleting.value
            #expect(try await log.topics().isEmpty)
        }
    }
}
