import FoundationEssentials
import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

// One after the other: each fills a log of its own.
@Suite(.tags(.database), .serialized) struct FilterTests {
    /// A log by SQL alone, without the append function: what stands at each position is chosen here.
    /// - Parameter rows: stream, type, payload and metadata of event `n`.
    private func fill(_ application: Application, _ count: Int, rows: SQL) async throws {
        try await application.pool.execute(
            """
            INSERT INTO martlet.events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT n, n, now(), gen_random_uuid(), 1, stream, type, payload::json, metadata::json
            FROM generate_series(1, \(count)) n, LATERAL (SELECT \(rows)) event (stream, type, payload, metadata)
            """)
    }

    /// In turn: orders of three types, the last of them rare, and items, whose category begins with the other's.
    private static let mixed: SQL = """
        CASE WHEN n % 2 = 0 THEN 'order-' ELSE 'order.item-' END || n,
        CASE WHEN n % 1000 = 0 THEN 'order.lost' WHEN n % 4 = 0 THEN 'order.placed' WHEN n % 2 = 0 THEN 'order.paid'
            ELSE 'order.item.added' END,
        '{}', '{}'
        """

    private func positions(_ application: Application, _ filter: LogFilter, _ direction: ReadDirection = .forwards)
        async throws -> [Int64]
    {
        try await application.store.readLog(direction, filter: filter).reduce(into: []) {
            $0.append($1.position.rawValue)
        }
    }

    @Test func `a filter lets pass what it names, in order, in both directions`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await fill(application, 6000, rows: Self.mixed)
            let all = (1...6000).map { Int64($0) }
            let expected: [(LogFilter, [Int64])] = [
                (.types(["order.lost"]), all.filter { $0 % 1000 == 0 }),
                (.types(["order.lost", "order.paid", "order.none"]), all.filter { $0 % 1000 == 0 || $0 % 4 == 2 }),
                (.types([]), []), (.categories([]), []), (.categories(["payment", "orde", "order.item-"]), []),
                (.categories(["order"]), all.filter { $0 % 2 == 0 }),
                (.categories(["order.item"]), all.filter { $0 % 2 == 1 }),
                (.categories(["order.item", "order", "payment"]), all),
            ]
            for (filter, places) in expected {
                #expect(try await positions(application, filter) == places, "\(filter)")
                #expect(try await positions(application, filter, .backwards) == places.reversed(), "\(filter)")
            }
        }
    }

    @Test func `an answer says up to where everything was looked at`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await fill(application, 2500, rows: Self.mixed)
            let store = application.store
            let lost = LogFilter.types(["order.lost"])
            #expect(try await store.logPage(after: .start, filter: lost, limit: 1).through == 1000)
            #expect(try await store.logPage(after: 1000, filter: lost, limit: 2).through == 2500)
            #expect(try await store.logPage(after: 2000, filter: lost, limit: 2).events.isEmpty)
            #expect(try await store.logPage(after: 2000, filter: lost, limit: 2).through == 2500)
            #expect(try await store.logPage(after: 9000, filter: lost, limit: 2).through == 9000)
            #expect(try await store.logPage(after: .start, filter: .types([]), limit: 2).through == 2500)
            #expect(try await store.logPage(after: 10, filter: .categories(["payment"]), limit: 2).through == 2500)
            #expect(try await store.logPage(after: 2500, filter: .all, limit: 2).through == 2500)
        }
    }

    /// The blocks that a read looks at, whether they were in memory or not.
    private func blocks(_ application: Application, _ read: () async throws -> Void) async throws -> Int {
        func total() async throws -> Int {
            try await application.pool.query("SELECT pg_stat_force_next_flush()")
            return try await application.pool.query(
                """
                SELECT (sum(heap_blks_read + heap_blks_hit) + sum(idx_blks_read + idx_blks_hit))::bigint
                FROM pg_statio_user_tables WHERE schemaname = 'martlet' AND relname LIKE '%events'
                """)[0].decode(Int.self)
        }
        let before = try await total()
        try await read()
        return try await total() - before
    }

    @Test(arguments: [true, false])
    func `a rare type is found without a look at the rest of the log`(isAnalysed: Bool) async throws {
        try await ThrowawayDatabase.with { database async throws in
            // One session, so that what it has counted can be asked for.
            let application = Application(postgres: database.configuration, connections: 1)
            try await application.migrate()
            try await fill(application, 50_000, rows: Self.mixed)
            if isAnalysed { try await application.pool.execute("ANALYZE martlet.events") }
            let size = try await application.pool.query(
                "SELECT (pg_relation_size('martlet.events') / 8192)::bigint")[0].decode(Int.self)
            try #require(size > 500)
            let lost = try await blocks(application) { () async throws in
                #expect(try await positions(application, .types(["order.lost"])).count == 50)
            }
            #expect((1..<200).contains(lost), "of \(size) blocks")
            let none = try await blocks(application) { () async throws in
                #expect(try await positions(application, .categories(["payment"])).isEmpty)
                #expect(try await positions(application, .types(["order.none"]), .backwards).isEmpty)
            }
            #expect((1..<40).contains(none), "of \(size) blocks")
            let first = try await blocks(application) { () async throws in
                _ = try await application.store.logPage(after: .start, filter: .categories(["order.item"]), limit: 10)
            }
            #expect((1..<100).contains(first), "of \(size) blocks")
        }
    }

    @Test func `a stream that was read while the log was empty is read by its index ever after`() async throws {
        try await ThrowawayDatabase.with { database async throws in
            let application = Application(postgres: database.configuration, connections: 1)
            try await application.migrate()
            let store = application.store
            // Often enough for PostgreSQL to settle for a plan.
            for _ in 1...10 { _ = try await store.load(Account.ID("ada")) }
            try await fill(application, 20_000, rows: Self.mixed)
            try await store.append([.received(cents: 1)], to: Account.ID("ada"), expecting: .noStream)
            let blocks = try await blocks(application) { () async throws in
                #expect(try await store.load(Account.ID("ada")).state.balance == 1)
                for try await _ in store.read(Account.ID("ada"), .backwards) {}
            }
            #expect((1..<40).contains(blocks))
        }
    }

    @Test func `everything that one request led to is found by its correlation`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            for number in 1...6 {
                try await application.execute(
                    .receive(cents: number), on: Account.ID("\(number)"),
                    metadata: number % 2 == 0 ? ["correlation": "r-1"] : ["correlation": "r-2", "actor": "r-1"])
            }
            #expect(try await positions(application, .correlation("r-1")) == [2, 4, 6])
            #expect(try await positions(application, .correlation("r-2"), .backwards) == [5, 3, 1])
            #expect(try await positions(application, .correlation("r-3")) == [])
        }
    }

    @Test func `a correlation is found without a look at the rest of the log where there is an index`() async throws {
        try await ThrowawayDatabase.with { database async throws in
            let application = Application(postgres: database.configuration, connections: 1)
            try await application.migrate()
            try await fill(
                application, 30_000,
                rows: """
                    'order-' || n, 'order.placed', '{"note":"so that pages are few"}',
                    CASE WHEN n % 3 = 0 THEN '{}' ELSE format('{"correlation":"r-%s"}', n / 3000) END
                    """)
            for table: SQLIdentifier in ["events", "archived_events"] {
                try await application.pool.execute(
                    """
                    CREATE INDEX ON martlet.\(table) ((metadata->>'correlation'), position)
                    WHERE metadata->>'correlation' IS NOT NULL
                    """)
            }
            try await application.pool.execute("ANALYZE martlet.events")
            let none = try await blocks(application) { () async throws in
                #expect(try await positions(application, .correlation("r-77")).isEmpty)
            }
            #expect((1..<40).contains(none))
            #expect(try await positions(application, .correlation("r-9")).count == 2000)
        }
    }

    @Test func `categories read beside writers of ever new types miss nothing`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let (writers, each) = (4, 40)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for number in 0..<each {
                            try await application.pool.query(
                                """
                                SELECT martlet.append(ARRAY[\("order-\(writer)-\(number)")], '{0}', '{1}', '{1}',
                                    '{1}', '{1}', ARRAY[gen_random_uuid()], ARRAY[\("order.t\(writer)x\(number)")],
                                    '{1}', '{"{}"}', '{"{}"}', '{}', '{}', '{}', '{}', '{}')
                                """)
                        }
                    }
                }
                group.addTask {
                    var (seen, through): ([Int64], GlobalPosition) = ([], .start)
                    while seen.count < writers * each, through.rawValue < writers * each {
                        let answer = try await application.store.logPage(
                            after: through, filter: .categories(["order"]), limit: 7)
                        seen += answer.events.map(\.position.rawValue)
                        through = answer.through
                    }
                    #expect(seen == (1...Int64(writers * each)).map(\.self))
                }
                try await group.waitForAll()
            }
        }
    }
}
