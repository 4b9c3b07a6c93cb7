import Foundation
import Martlet
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

/// What retention does to PostgreSQL's tables, and while others append and read.
@Suite(.tags(.database)) struct RetentionTests {
    private func withLog(
        _ topic: Topic, connections: Int = 8, _ body: (EmbeddedLog, ConnectionPool) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration, connections: connections)
            try await log.migrate()
            try await log.create(topic)
            try await body(log, ConnectionPool(database.configuration, size: 2))
        }
    }

    private func tables(_ pool: ConnectionPool) async throws -> [String] {
        try await pool.query(
            """
            SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname LIKE 'records\\_%'
            AND relnamespace = 'martlet_log'::regnamespace ORDER BY 1
            """
        ).map { row in try row.decode(String.self) }
    }

    @Test func `segments that may go are dropped with their tables, and no row is deleted`() async throws {
        let topic = Topic(
            "orders", partitions: 2, retention: .init(time: .seconds(3600)), segments: .init(time: .milliseconds(1)))
        try await withLog(topic) { log, pool in
            let producer = try await log.producer()
            for _ in 0..<3 {
                try await producer.send((0..<10).map { Record("key \($0)", "x") }, to: "orders")
                try await Task.sleep(for: .milliseconds(3))
                try await log.storage.maintain()
            }
            #expect(try await tables(pool) == ["records_1_1", "records_1_2", "records_1_3", "records_1_4"])
            try await pool.execute(
                "UPDATE martlet_log.records_1_2 SET appended_at = appended_at - interval '1 hour' * (1 + partition)")
            try await log.storage.maintain()
            // The second is old enough, but not the oldest.
            #expect(try await tables(pool).count == 4)
            try await pool.execute("UPDATE martlet_log.records_1_1 SET appended_at = appended_at - interval '2 hours'")
            try await log.storage.maintain()
            #expect(try await tables(pool) == ["records_1_3", "records_1_4"])
            let extents = try await log.describe("orders").partitions
            #expect(extents.reduce(0) { $0 + $1.beginning.rawValue } == 20)
            #expect(try await log.records(in: "orders").joined().count == 10)
            try await log.delete("orders")
            #expect(try await tables(pool).isEmpty)
        }
    }

    @Test func `a segment in use is left for the next time, and keeps nobody waiting`() async throws {
        let topic = Topic(
            "orders", partitions: 1, retention: .init(time: .milliseconds(1)), segments: .init(time: .milliseconds(1)))
        try await withLog(topic) { log, pool in
            let producer = try await log.producer()
            try await producer.send(Record("a", "1"), to: "orders")
            try await Task.sleep(for: .milliseconds(3))
            try await pool.transaction { transaction in
                // As a backup would.
                try await transaction.query("LOCK TABLE martlet_log.records_1_1 IN ACCESS SHARE MODE")
                try await log.expectLockedUpkeep()
                #expect(try await tables(pool) == ["records_1_1", "records_1_2"])
                #expect(try await log.records(in: "orders")[0].count == 1)
                try await producer.send(Record("a", "2"), to: "orders")
            }
            try await log.storage.maintain()
            #expect(try await tables(pool).first != "records_1_1")
        }
    }

    @Test func `segments end and go under load, and nothing is lost that is to be kept`() async throws {
        try await withLog(Topic("orders", partitions: 4, segments: .init(bytes: 1))) { log, pool in
            let upkeep = (0..<2).map { _ in
                Task {
                    while !Task.isCancelled {
                        try await log.maintainWhatIsFree()
                        try await Task.sleep(for: .milliseconds(10))
                    }
                }
            }
            let read = Task {
                var next: Offset = 0
                let place = TopicPartition("orders", 0)
                while next < 300 {
                    let page = try await log.fetch(place, from: next, upTo: FetchLimits())
                    for record in page {
                        #expect(record.offset == next)
                        next = next.next
                    }
                    if page.isEmpty { await log.wait(for: place, from: next, atMost: .seconds(1)) }
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let producer = try await log.producer("p\(number)")
                        for round in 0..<75 {
                            let record = Record("\(number)", "\(round)", partition: number % 2)
                            try await producer.send(record, to: "orders")
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await read.value
            for task in upkeep { task.cancel() }
            for task in upkeep { _ = await task.result }
            #expect(try await tables(pool).count > 3)
            let found = try await log.records(in: "orders")
            #expect(found.map(\.count) == [300, 300, 0, 0])
            for records in found {
                #expect(records.map(\.offset.rawValue) == Array(0..<Int64(records.count)))
                #expect(zip(records, records.dropFirst()).allSatisfy { $0.appendedAt <= $1.appendedAt })
                for own in Dictionary(grouping: records, by: \.keyText).values {
                    #expect(own.map(\.text) == (0..<75).map { "\($0)" })
                }
            }
        }
    }

    @Test func `partitions that come while a segment ends are there in the next one`() async throws {
        try await withLog(Topic("orders", partitions: 1, segments: .init(time: .milliseconds(1)))) { log, _ in
            let upkeep = Task {
                while !Task.isCancelled { try await log.maintainWhatIsFree() }
            }
            let producer = try await log.producer()
            for count in 1...30 {
                try await log.setPartitions(of: "orders", to: count)
                let place = try await producer.send(Record("a", "\(count)", partition: count - 1), to: "orders")
                #expect(place.offset == 0)
            }
            upkeep.cancel()
            _ = await upkeep.result
            #expect(try await log.records(in: "orders").map { $0.map(\.text) } == (1...30).map { [Optional("\($0)")] })
        }
    }

    @Test func `producers without a name are forgotten after a week, those with one are not`() async throws {
        try await withLog(Topic("orders", partitions: 1)) { log, pool in
            try await log.producer().send(Record("a", "1"), to: "orders")
            try await log.producer("p").send(Record("a", "1"), to: "orders")
            try await pool.execute("UPDATE martlet_log.sequences SET appended_at = now() - interval '6 days'")
            try await log.storage.maintain()
            #expect(try await pool.query("SELECT FROM martlet_log.sequences").count == 2)
            try await pool.execute("UPDATE martlet_log.sequences SET appended_at = now() - interval '8 days'")
            try await log.storage.maintain()
            let left = try await pool.query("SELECT producer FROM martlet_log.sequences")
            #expect(try left.map { row throws -> String in try row.decode(String.self) } == ["p"])
        }
    }
}
