public import FoundationEssentials
import MartletPostgres

/// How far the forgetting of ended instances has come.
public struct ForgetProgress: Hashable, Sendable {
    public let forgotten: Int
    /// As many as there were when it began.
    public let total: Int
}

extension ProcessHandle {
    /// Deletes the instances that ended before a moment, with their histories, some hundreds in a transaction; what they
    /// have taken from outside stays in the log.
    ///
    /// A key that was forgotten is a new one: an event that starts an instance starts it once more. So it is for processes
    /// whose keys do not come again: the first steps of a second life would be taken for those of the first. An instance
    /// of which a step has not arrived yet is kept.
    /// - Returns: how many instances were deleted; those before the one at which it fails stay so.
    /// - Throws: `PostgresError`, `CancellationError`.
    @discardableResult
    public func forget(
        endedBefore moment: Date, progress: @Sendable (ForgetProgress) -> Void = { _ in }
    ) async throws -> Int {
        let forgetting = Forgetting(queries: queries, moment: moment)
        let counted = try await pool.query(forgetting.count).first?.decode(Int64.self)
        let total = Int(counted ?? 0)
        var (forgotten, last) = (0, InstancePlace.first)
        progress(ForgetProgress(forgotten: 0, total: total))
        while let end = try await forgetting.forgetSome(after: last, pool) {
            try Task.checkCancellation()
            (forgotten, last) = (forgotten + end.count, end.last)
            progress(ForgetProgress(forgotten: forgotten, total: max(total, forgotten)))
        }
        return forgotten
    }
}

/// Where an instance stands in the order in which they began.
private struct InstancePlace: Sendable {
    let since: Date
    let key: String

    static let first = InstancePlace(since: .distantPast, key: "")
}

private struct Forgetting: Sendable {
    let queries: InstanceQueries
    let moment: Date
    private static let batch = 500

    init(queries: InstanceQueries, moment: Date) { (self.queries, self.moment) = (queries, moment) }

    var count: SQL { "WITH \(queries.place) SELECT count(*) FROM \(ended)" }

    /// Nil when there are no more; the next ones are those after the last of these.
    func forgetSome(
        after last: InstancePlace, _ pool: ConnectionPool
    ) async throws -> (count: Int, last: InstancePlace)? {
        let row = try await pool.query(
            """
            WITH \(queries.place), chosen AS MATERIALIZED (
                SELECT i.build, i.started_at, i.instance FROM \(ended)
                    AND (i.started_at, i.instance) > (\(last.since), \(last.key))
                ORDER BY i.started_at, i.instance LIMIT \(Self.batch)
            ), histories AS (
                DELETE FROM \(queries.schema).process_history h USING chosen s
                WHERE h.build = s.build AND h.instance = s.instance
            ), timers AS (
                DELETE FROM \(queries.schema).process_timers t USING chosen s
                WHERE t.build = s.build AND t.instance = s.instance
            ), instances AS (
                DELETE FROM \(queries.schema).process_instances i USING chosen s
                WHERE i.build = s.build AND i.instance = s.instance RETURNING 1
            )
            SELECT (SELECT count(*) FROM instances) AS count, s.started_at, s.instance
            FROM chosen s ORDER BY s.started_at DESC, s.instance DESC LIMIT 1
            """
        ).first
        guard let row else { return nil }
        let last = InstancePlace(since: try row.decode("started_at"), key: try row.decode("instance"))
        return (Int(try row.decode("count", as: Int64.self)), last)
    }

    /// Whoever ended before the moment has begun before it, which an index knows.
    private var ended: SQL {
        """
        \(queries.schema).process_instances i
        WHERE i.build = (SELECT build FROM place) AND i.status IN ('completed', 'compensated')
            AND i.started_at < \(moment) AND i.ended_at < \(moment)
            AND NOT EXISTS (
                SELECT FROM \(queries.schema).process_effects e WHERE e.build = i.build AND e.instance = i.instance)
        """
    }
}
