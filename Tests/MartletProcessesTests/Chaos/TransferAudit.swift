import Martlet
import MartletPostgres

/// What must be true of the fixture's transfers once they have all ended: asked of the tables alone, by one who knows
/// nothing of how processes are run.
struct TransferAudit: Sendable {
    let pool: ConnectionPool

    /// Waits until every transfer that was sent has ended and nothing is left to be delivered or waited for.
    /// - Returns: what is left all the same.
    func leftovers(after limit: Duration) async throws -> [String: Int] {
        let deadline = ContinuousClock.now + limit
        while true {
            let left = try await leftovers().filter { $0.value > 0 }
            if left.isEmpty || deadline < .now { return left }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func leftovers() async throws -> [String: Int] {
        try await counts([
            "effects": "SELECT FROM martlet.process_effects",
            "timers": "SELECT FROM martlet.process_timers",
            "dead letters": "SELECT FROM martlet.dead_letters",
            "open": """
            SELECT FROM martlet.events e LEFT JOIN martlet.process_instances i ON i.instance = e.payload->>'transfer'
            WHERE e.type = 'account.sent' AND i.ended_at IS NULL
            """,
            "unread": """
            SELECT FROM martlet.projection_partitions p
            WHERE p.position < (SELECT max(position) FROM martlet.events)
            """,
        ])
    }

    /// What has come to pass, to see that the test has tried it.
    func tally() async throws -> [String: Int] {
        try await counts([
            "completed": "SELECT FROM martlet.process_instances WHERE status = 'completed'",
            "compensated": "SELECT FROM martlet.process_instances WHERE status = 'compensated'",
            "taken back": "SELECT FROM martlet.events WHERE type = 'account.tookBack'",
            "refused": "SELECT FROM martlet.events WHERE type = 'transfer.refused'",
            "given up": "SELECT FROM martlet.events WHERE type = 'transfer.failed'",
            "timers due": "SELECT FROM martlet.events WHERE type = 'transfer.timerDue'",
            "ignored": "SELECT FROM martlet.process_history WHERE ignored IS NOT NULL",
            "repeated calls": "SELECT FROM provider.calls GROUP BY key HAVING count(*) > 1",
        ])
    }

    /// How often each check failed, of those that did.
    func findings() async throws -> [String: Int] {
        try await counts(Self.checks).filter { $0.value > 0 }
    }

    private func counts(_ queries: [String: SQL]) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for (name, query) in queries {
            counts[name] = try await pool.query("SELECT count(*) FROM (\(query)) q")[0].decode(Int.self)
        }
        return counts
    }

    /// Each selects what must not be.
    private static let checks: [String: SQL] = [
        "sent and no instance, or the other way": """
        SELECT FROM (SELECT payload->>'transfer' AS instance FROM martlet.events WHERE type = 'account.sent') s
        FULL JOIN martlet.process_instances i USING (instance)
        WHERE s.instance IS NULL OR i.status IS NULL OR i.status NOT IN ('completed', 'compensated')
        """,
        "ended otherwise than once": """
        SELECT FROM martlet.process_history h, json_array_elements(h.effects) e
        WHERE e->>'kind' = 'end' GROUP BY h.instance HAVING count(*) <> 1
        """,
        "never ended by its history": """
        SELECT FROM martlet.process_instances i WHERE NOT EXISTS (
            SELECT FROM martlet.process_history h, json_array_elements(h.effects) e
            WHERE h.instance = i.instance AND e->>'kind' = 'end' AND e->>'name' = i.status)
        """,
        "an event of a transfer twice": """
        SELECT FROM martlet.events WHERE type LIKE 'account.%' AND payload->>'transfer' IS NOT NULL
        GROUP BY payload->>'transfer', type HAVING count(*) > 1
        """,
        "a ledger's entry twice": "SELECT FROM provider.entries GROUP BY transfer, kind HAVING count(*) > 1",
        "completed, and not exactly delivered and settled": """
        SELECT FROM \(byTransfer) t WHERE t.status = 'completed' AND NOT (
            t.received = 1 AND t.took_back = 0 AND t.gave_back = 0 AND t.settled = 1 AND t.reversed = 0
            AND t.forgotten = 0)
        """,
        "compensated, and not exactly undone": """
        SELECT FROM \(byTransfer) t WHERE t.status = 'compensated' AND NOT (
            t.gave_back = 1 AND t.took_back = t.received AND t.forgotten = 1 AND t.reversed >= t.settled)
        """,
        "money lost or made": """
        SELECT FROM (
            SELECT sum((payload->>'cents')::bigint * CASE type
                WHEN 'account.sent' THEN -1 WHEN 'account.tookBack' THEN -1 ELSE 1 END) AS cents,
                sum((payload->>'cents')::bigint) FILTER (WHERE type = 'account.opened') AS opened
            FROM martlet.events WHERE type LIKE 'account.%'
        ) m WHERE m.cents <> m.opened
        """,
        "an input that is not in its history, or the other way": """
        SELECT FROM (
            SELECT position, coalesce(payload->>'transfer', substr(stream_id, 10)) AS instance FROM martlet.events
            WHERE type IN ('account.sent', 'account.received') OR stream_id LIKE 'transfer-%'
        ) e FULL JOIN martlet.process_history h USING (position)
        WHERE e.instance IS DISTINCT FROM h.instance
        """,
        "a history whose phases do not meet": """
        SELECT FROM (
            SELECT phase_before, lag(phase) OVER (PARTITION BY instance ORDER BY position) AS left_at
            FROM martlet.process_history
        ) h WHERE h.phase_before IS DISTINCT FROM h.left_at
        """,
    ]

    private static let byTransfer: SQL = """
        (SELECT i.instance, i.status,
            (SELECT count(*) FROM martlet.events e WHERE e.payload->>'transfer' = i.instance
                AND e.type = 'account.received') AS received,
            (SELECT count(*) FROM martlet.events e WHERE e.payload->>'transfer' = i.instance
                AND e.type = 'account.tookBack') AS took_back,
            (SELECT count(*) FROM martlet.events e WHERE e.payload->>'transfer' = i.instance
                AND e.type = 'account.gaveBack') AS gave_back,
            (SELECT count(*) FROM provider.entries p WHERE p.transfer = i.instance AND p.kind = 'settle') AS settled,
            (SELECT count(*) FROM provider.entries p WHERE p.transfer = i.instance AND p.kind = 'reverse') AS reversed,
            (SELECT count(*) FROM provider.entries p WHERE p.transfer = i.instance AND p.kind = 'forget') AS forgotten
        FROM martlet.process_instances i)
        """
}
