import Martlet
import MartletPostgres
import MartletTesting
import Testing

@testable import MartletStreamingLog

/// Dead versions that nobody may remove yet are what makes queues in tables slow. Counted are the pages that a call looks
/// at, which a busy machine does not change.
@Suite(.tags(.database)) struct HeldHorizonTests {
    private let place = TopicPartition("orders", 0)

    @Test func `under an old transaction appends and fetches look at no more pages`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration, connections: 1)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1))
            let storage = try #require(log.storage as? PostgresLogStorage)
            let old = try await Connection.open(database.configuration)
            try await old.query("SET idle_in_transaction_session_timeout = 0")
            try await old.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try await old.query("SELECT FROM martlet_log.sequences")
            var last: Int64 = -1
            func append() async throws {
                let verdicts = try await storage.append([batch(after: last)], to: "orders")
                last += 1
                #expect(verdicts == [.appended(end: Offset(rawValue: last + 1), new: 1)])
            }
            func pagesOfBoth() async throws -> [Int64] {
                let call = try AppendedBatches([batch(after: last)], to: "orders", places: storage.places)
                    .call(on: try await storage.openSegment(of: "orders"), in: storage.schema)
                let appending = try await pages(of: call, storage)
                last += 1
                // Where the row is now, as the append would have told.
                storage.places[batch(after: last).key(in: "orders")] = try await storage.pool.query(
                    "SELECT ctid::text FROM martlet_log.sequences")[0].decode(String.self)
                let fetching = try await pages(
                    of: "SELECT FROM martlet_log.read_records('orders', 0, \(last - 9), 10, 1000)", storage)
                return [appending, fetching]
            }
            for _ in 0..<20 { try await append() }
            let before = try await fewest(pagesOfBoth)
            for _ in 0..<3000 { try await append() }
            let after = try await fewest(pagesOfBoth)
            let size = try await storage.pool.query("SELECT pg_relation_size('martlet_log.sequences') / 8192")
            #expect(try size[0].decode(Int64.self) > 20, "no dead versions are there to be looked at")
            // The tree of the records may have become one level higher.
            for (before, after) in zip(before, after) {
                #expect(after <= before + 10, "\(before) pages, then \(after)")
            }
            try await old.query("COMMIT")
            // A unique one would have each change that does not fit its page look at all versions of the row. It is one
            // change of a hundred here, too few for the pages above to show it.
            let unique: SQL = "SELECT FROM pg_index WHERE indrelid = 'martlet_log.sequences'::regclass AND indisunique"
            #expect(try await storage.pool.query(unique).isEmpty)
        }
    }

    private func batch(after last: Int64) -> RecordBatch {
        RecordBatch(
            producer: "p", epoch: 0, partition: 0, after: last,
            records: [SequencedRecord(sequence: last + 1, record: Record("a", "x"))])
    }

    /// "Buffers: shared hit=12 read=3" of a statement that is run.
    private func pages(of statement: SQL, _ storage: PostgresLogStorage) async throws -> Int64 {
        let rows = try await storage.pool.query("EXPLAIN (ANALYZE, BUFFERS) \(statement)")
        let lines = try rows.map { row in try row.decode(String.self) }
        let line = try #require(lines.first { $0.contains("Buffers: shared") }, "\(lines)")
        return line.split(separator: " ").reduce(0) { sum, word in
            let isCounted = word.hasPrefix("hit=") || word.hasPrefix("read=")
            return sum + (isCounted ? Int64(word.drop { $0 != "=" }.dropFirst()) ?? 0 : 0)
        }
    }

    /// Of several looks: one that has its plan made anew, because statistics have changed, looks at the catalogue, too.
    private func fewest(_ pages: () async throws -> [Int64]) async throws -> [Int64] {
        var fewest = try await pages()
        for _ in 0..<4 { fewest = zip(fewest, try await pages()).map { min($0, $1) } }
        return fewest
    }
}
