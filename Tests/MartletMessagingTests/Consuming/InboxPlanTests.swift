import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Testing

@Suite(.tags(.database)) struct InboxPlanTests {
    @Test func `a turn costs the same while an old transaction keeps every dead version`() async throws {
        try await Stage.with { stage in
            _ = try await stage.consumers(of: ScriptedLog("orders")) { Notes() }
            try await stage.pool.query("SELECT FROM martlet_inbox.begin_inbox('notes', 'orders', 0)")
            let old = ConnectionPool(stage.database.configuration, size: 1)
            try await old.transaction(.repeatableRead) { transaction in
                try await transaction.query("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
                try await transaction.query("SELECT count(*) FROM martlet_inbox.inboxes")
                try await stage.pool.query(
                    """
                    DO $$
                    DECLARE
                        place tid;
                        places tid[] := '{NULL}';
                    BEGIN
                        FOR number IN 1..3000 LOOP
                            SELECT * INTO place, places FROM martlet_inbox.take_turn(
                                1, number, place, number, '{sender}', ARRAY[number::bigint], places);
                        END LOOP;
                    END;
                    $$
                    """)
                let found = try await stage.pool.query(
                    """
                    SELECT i.turn, i.ctid::text, m.ctid::text FROM martlet_inbox.inboxes i
                    JOIN martlet_inbox.marks m ON m.inbox = i.inbox
                    """)
                let (turn, place, mark) = try #require(try found.first?.decode(Int64.self, String.self, String.self))
                #expect(turn == 3001)
                #expect(try await fewest { try await pages(turn, place, mark, in: stage.pool) } < 40)
                #expect(
                    try await fewest { try await pages(turn, nil, nil, in: stage.pool) } > 40, "the test tells nothing")
            }
        }
    }

    /// Of several looks: one of a new session, or whose plan is made anew, looks at the catalogue, too.
    private func fewest(_ pages: () async throws -> Int) async throws -> Int {
        var fewest = try await pages()
        for _ in 0..<4 { fewest = min(fewest, try await pages()) }
        return fewest
    }

    /// How many pages a turn looks at, which is not taken in the end.
    private func pages(_ turn: Int64, _ place: String?, _ mark: String?, in pool: ConnectionPool) async throws -> Int {
        var plan: [String] = []
        do {
            try await pool.transaction { transaction in
                plan = try await transaction.query(
                    """
                    EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM martlet_inbox.take_turn(
                        1, \(turn), \(place)::text::tid, \(turn), '{sender}', \([turn + 10]), \([mark])::text[]::tid[])
                    """
                ).map { row in try row.decode(String.self) }
                throw Undone()
            }
        } catch is Undone {}
        let line = try #require(plan.first { $0.contains("Buffers: shared hit=") })
        let digits = line.split(separator: "shared hit=").last?.prefix(while: \.isNumber) ?? ""
        return try #require(Int(digits))
    }

    private struct Undone: Error {}
}
