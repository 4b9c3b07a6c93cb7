import Foundation
import Martlet
import MartletPostgres
import MartletTesting
import Testing

@testable import MartletStreamingLog

/// What compaction does to PostgreSQL's tables, and while others append and read.
@Suite(.tags(.database)) struct CompactionTests {
    private func withLog(
        segments: Topic.Segments = .init(time: .milliseconds(1)),
        _ body: (EmbeddedLog, ConnectionPool) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1, isCompacted: true, segments: segments))
            try await body(log, ConnectionPool(database.configuration, size: 2))
        }
    }

    private let place = TopicPartition("orders", 0)

    private func send(_ records: [Record], _ log: EmbeddedLog) async throws {
        try await log.producer().send(records, to: "orders")
        try await Task.sleep(for: .milliseconds(3))
        try await log.storage.maintain()
    }

    private func tables(_ pool: ConnectionPool) async throws -> [String] {
        try await pool.query(
            """
            SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname LIKE 'records\\_%'
            AND relnamespace = 'martlet_log'::regnamespace ORDER BY 1
            """
        ).map { row in try row.decode(String.self) }
    }

    @Test func `a tombstone goes after a day, and not while what it stands over may be read`() async throws {
        try await withLog { log, pool in
            try await send([Record("a", "1"), Record("b", "1")], log)
            try await send([Record("a", nil)], log)
            #expect(try await log.records(of: place).map(\.text) == ["1", nil])
            try await pool.execute("UPDATE martlet_log.segments SET compacted_at = now() - interval '25 hours'")
            try await send([Record("c", "1")], log)
            #expect(try await log.records(of: place).map(\.keyText) == ["b", "c"])
            // The last record of all stays, or who reads would never come to the end.
            try await send([Record("b", nil)], log)
            try await pool.execute(
                "UPDATE martlet_log.segments SET compacted_through = 0, compacted_at = now() - interval '25 hours'")
            try await log.storage.maintain()
            #expect(try await log.records(of: place).map(\.keyText) == ["c", "b"])
        }
    }

    @Test func `whoever has read a value comes to its tombstone, however old that is`() async throws {
        try await withLog(segments: .init(time: .seconds(3600))) { log, pool in
            try await log.producer().send([Record("a", "1"), Record("b", "1"), Record("a", nil)], to: "orders")
            try await log.producer().send(Record("c", "1"), to: "orders")
            let read = try await log.fetch(place, from: 0, upTo: FetchLimits(records: 1))
            #expect(read.map(\.text) == ["1"])
            try await pool.execute("UPDATE martlet_log.records_1_1 SET appended_at = now() - interval '25 hours'")
            try await log.storage.maintain()
            #expect(try await log.records(of: place, from: 1).map(\.text) == ["1", nil, "1"])
        }
    }

    @Test func `only a segment that loses something is copied, and its old table goes`() async throws {
        try await withLog { log, pool in
            try await send([Record("a", "1")], log)
            try await send([Record("b", "1")], log)
            try await send([Record("c", "1"), Record("a", "2")], log)
            try await send([Record("c", "2")], log)
            let expected = ["1_1_1", "1_2", "1_3_1", "1_4", "1_5"].map { "records_\($0)" }
            #expect(try await tables(pool) == expected)
            #expect(try await log.records(of: place).map(\.offset) == [1, 3, 4])
            try await log.delete("orders")
            #expect(try await tables(pool).isEmpty)
        }
    }

    @Test func `whoever looked before the copy reads on in the old table`() async throws {
        try await withLog { log, pool in
            try await log.producer().send([Record("a", "1"), Record("a", "2"), Record("b", "1")], to: "orders")
            try await pool.transaction(.repeatableRead) { transaction in
                func read() async throws -> Int {
                    try await transaction.query(
                        """
                        SELECT FROM martlet_log.read_records('orders', 0, 0, 10, 1000) WHERE "offset" IS NOT NULL
                        """
                    ).count
                }
                #expect(try await read() == 3)
                try await Task.sleep(for: .milliseconds(3))
                // The table of before is read still, and stays.
                try await log.expectLockedUpkeep()
                #expect(try await log.records(of: place).count == 2)
                #expect(try await read() == 3)
                #expect(try await tables(pool) == ["records_1_1", "records_1_1_1", "records_1_2"])
            }
            try await log.storage.maintain()
            #expect(try await tables(pool) == ["records_1_1_1", "records_1_2"])
        }
    }

    @Test func `under load each reader comes to know the last value of every key`() async throws {
        try await withLog(segments: .init(bytes: 1)) { log, _ in
            let upkeep = Task {
                while !Task.isCancelled {
                    try await log.maintainWhatIsFree()
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            let read = Task {
                var (next, known): (Offset, [String: String]) = (0, [:])
                while known["end"] == nil {
                    let page = try await log.fetch(place, from: next, upTo: FetchLimits(records: 7))
                    for record in page {
                        #expect(record.offset >= next)
                        next = record.offset.next
                        known[record.keyText ?? ""] = record.text
                    }
                    if page.isEmpty { await log.wait(for: place, from: next, atMost: .seconds(1)) }
                }
                return known
            }
            let producer = try await log.producer()
            for round in 0..<150 {
                try await producer.send((0..<5).map { Record("key \($0)", "\(round)") }, to: "orders")
            }
            try await producer.send(Record("end", ""), to: "orders")
            let known = try await read.value
            upkeep.cancel()
            _ = await upkeep.result
            #expect(known.count == 6)
            for key in 0..<5 { #expect(known["key \(key)"] == "149") }
            try await Task.sleep(for: .milliseconds(3))
            try await log.storage.maintain()
            #expect(try await log.records(of: place).map(\.keyText).suffix(6) == (0..<5).map { "key \($0)" } + ["end"])
        }
    }
}
