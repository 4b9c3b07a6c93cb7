import FoundationEssentials
import MartletDomain
import MartletPostgres

/// What is asked of the database about instances. Each statement begins with the build that is live, and so finds
/// nothing where the process manager is not deployed.
///
/// Those who are asleep must cost little, however many there are: what is looked for among all instances that are under
/// way is found by indexes alone, and the instances themselves are read only where it matters.
struct InstanceQueries: Sendable {
    let process: String
    let schema: SQLIdentifier
    let patience: Duration

    /// The live build, and the moment.
    var place: SQL {
        """
        place AS MATERIALIZED (
            SELECT b.build, clock_timestamp() AS now,
                clock_timestamp() - \(patience.inMilliseconds) * interval '1 ms' AS before
            FROM \(schema).projection_builds b WHERE b.projection = \(process) AND b.stage = 'live'
        )
        """
    }

    /// The instances that do not go on by themselves, or have not for longer than their patience, each perhaps several
    /// times; after ``place``. Of those that wait for an event the ones without a timer and an effect are found first,
    /// which reads indexes only.
    var stuck: SQL {
        """
        idle AS MATERIALIZED (
            SELECT i.build, i.instance FROM place p
            JOIN \(schema).process_instances i ON i.build = p.build AND i.status = 'running' AND i.started_at < p.before
            WHERE NOT EXISTS (
                    SELECT FROM \(schema).process_timers t WHERE t.build = i.build AND t.instance = i.instance)
                AND NOT EXISTS (
                    SELECT FROM \(schema).process_effects e WHERE e.build = i.build AND e.instance = i.instance)
        ), stuck AS MATERIALIZED (
            SELECT e.instance FROM place p
            JOIN \(schema).process_effects e ON e.build = p.build AND e.parked_at IS NOT NULL
            UNION
            SELECT e.instance FROM place p
            JOIN \(schema).process_effects e ON e.build = p.build AND e.issued_at < p.before
            UNION
            SELECT d.key FROM place p JOIN \(schema).dead_letters d ON d.build = p.build AND d.state = 'parked'
            UNION
            SELECT i.instance FROM place p JOIN idle USING (build)
            JOIN \(schema).process_instances i ON i.build = idle.build AND i.instance = idle.instance
            WHERE i.changed_at < p.before
        )
        """
    }

    /// One row.
    var counts: SQL {
        """
        WITH \(place), \(stuck)
        SELECT (\(count(of: .running))) AS running, (\(count(of: .compensating))) AS compensating,
            (\(count(of: .completed))) AS completed, (\(count(of: .compensated))) AS compensated,
            e.count AS effects, e.parked, t.count AS timers, t.due, (SELECT count(*) FROM stuck) AS stuck
        FROM (
            SELECT count(*), count(e.parked_at) AS parked FROM \(schema).process_effects e
            WHERE e.build = (SELECT build FROM place)
        ) e, (
            SELECT count(*), min(t.due_at) AS due FROM \(schema).process_timers t
            WHERE t.build = (SELECT build FROM place) AND t.fired_at IS NULL
        ) t
        """
    }

    private func count(of status: InstanceStatus) -> SQL {
        """
        SELECT count(*) FROM \(schema).process_instances i
        WHERE i.build = (SELECT build FROM place) AND i.status = \(status.rawValue)
        """
    }

    /// Instances by status, the oldest first.
    func page(of status: InstanceStatus, after last: InstanceSummary?, limit: Int) -> SQL {
        """
        WITH \(place)
        SELECT \(Self.columns) FROM \(schema).process_instances i
        WHERE i.build = (SELECT build FROM place) AND i.status = \(status.rawValue)
            AND (i.started_at, i.instance) > (\(last?.since ?? .distantPast), \(last?.key ?? ""))
        ORDER BY i.started_at, i.instance LIMIT \(max(0, limit))
        """
    }

    /// Stuck instances, the oldest first.
    func stuckPage(after last: InstanceSummary?, limit: Int) -> SQL {
        """
        WITH \(place), \(stuck), known AS (
            SELECT \(Self.columns) FROM place p CROSS JOIN stuck s
            JOIN \(schema).process_instances i ON i.build = p.build AND i.instance = s.instance
            UNION ALL
            SELECT s.instance, NULL, NULL, NULL, min(d.parked_at), NULL, NULL FROM place p CROSS JOIN stuck s
            JOIN \(schema).dead_letters d ON d.build = p.build AND d.key = s.instance AND d.state = 'parked'
            WHERE NOT EXISTS (
                SELECT FROM \(schema).process_instances i WHERE i.build = p.build AND i.instance = s.instance)
            GROUP BY s.instance
        )
        SELECT \(Self.columns) FROM known i
        WHERE (i.started_at, i.instance) > (\(last?.since ?? .distantPast), \(last?.key ?? ""))
        ORDER BY i.started_at, i.instance LIMIT \(max(0, limit))
        """
    }

    private static let columns: SQL = "i.instance, i.status, i.phase, i.reason, i.started_at, i.changed_at, i.ended_at"
}

extension Duration {
    /// A thousand years at most, which every clock can add.
    var inMilliseconds: Int64 { Int64((min(self, .seconds(1000 * 366 * 86_400)) / .milliseconds(1)).rounded(.up)) }
}
