import MartletPostgres

extension ProcessHandle {
    /// What the instances have done, as the text of a Mermaid `stateDiagram-v2`: the phases, and between them each input
    /// with what it has led to and how often. Inputs that changed nothing are left out, and what was asked for several
    /// times in a row is named once.
    /// - Parameter limit: of how many instances; those that began last.
    /// - Throws: `PostgresError`.
    public func diagram(ofLatest limit: Int = 10_000) async throws -> String {
        let rows = try await pool.query(queries.steps(ofLatest: limit))
        return ProcessDiagram(steps: try rows.map { row in try ProcessDiagram.Step(row, of: name) }).text
    }
}

extension InstanceQueries {
    /// Which ways were gone how often, those that were gone first before the others. Only a running instance is told by
    /// its phase: while it is compensated, and afterwards, that stays what it was.
    fileprivate func steps(ofLatest limit: Int) -> SQL {
        """
        WITH \(place), latest AS MATERIALIZED (
            SELECT p.build, i.instance FROM place p
            CROSS JOIN unnest(ARRAY['running', 'compensating', 'completed', 'compensated']) s (status)
            CROSS JOIN LATERAL (
                SELECT i.instance, i.started_at FROM \(schema).process_instances i
                WHERE i.build = p.build AND i.status = s.status
                ORDER BY i.started_at DESC, i.instance DESC LIMIT \(max(0, limit))
            ) i
            ORDER BY i.started_at DESC LIMIT \(max(0, limit))
        ), entries AS (
            SELECT h.position, h.ignored, h.phase_before, h.phase, h.status, h.effects,
                regexp_replace(h.input, ' (retried|skipped|requested) by .*$', ' \\1 by an operator') AS input,
                lag(h.status) OVER (PARTITION BY h.instance ORDER BY h.position) AS status_before,
                row_number() OVER (PARTITION BY h.instance ORDER BY h.position) AS place
            FROM latest l JOIN \(schema).process_history h ON h.build = l.build AND h.instance = l.instance
        ), steps AS (
            SELECT e.place, e.input, e.status_before, e.status,
                CASE WHEN e.status_before <> 'running' THEN '' ELSE e.phase_before END AS phase_before,
                CASE WHEN e.status <> 'running' THEN '' ELSE e.phase END AS phase, (
                    SELECT string_agg(x.words, ', ' ORDER BY x.place)
                    FROM (
                        SELECT j.place, w.words, lag(w.words) OVER (ORDER BY j.place) AS before
                        FROM json_array_elements(e.effects) WITH ORDINALITY j (effect, place),
                            concat_ws(' ', j.effect ->> 'kind', j.effect ->> 'name') w (words)
                        WHERE j.effect ->> 'kind' NOT IN ('end', 'retry')
                    ) x
                    WHERE x.words IS DISTINCT FROM x.before
                ) AS asked
            FROM entries e WHERE e.ignored IS NULL
        )
        SELECT status_before, phase_before, status, phase, input, coalesce(asked, '') AS asked, count(*)
        FROM steps GROUP BY status_before, phase_before, status, phase, input, asked
        ORDER BY min(place), status_before = 'compensating', input, asked
        """
    }
}

extension ProcessDiagram.Step {
    fileprivate init(_ row: Row, of process: String) throws {
        func place(_ status: String, _ phase: String) throws -> ProcessDiagram.Place {
            guard let known = InstanceStatus(rawValue: status) else {
                throw UnreadableInstance(
                    process: process, problem: "expected a status in its history, found \"\(status)\"")
            }
            return ProcessDiagram.Place(status: known, phase: phase)
        }
        let phaseBefore = try row.decode("phase_before", as: String?.self)
        let statusBefore = try row.decode("status_before", as: String?.self)
        from = try phaseBefore.map { try place(statusBefore ?? InstanceStatus.running.rawValue, $0) }
        to = try place(try row.decode("status"), try row.decode("phase"))
        (input, effects) = (try row.decode("input"), try row.decode("asked"))
        count = Int(try row.decode("count", as: Int64.self))
    }
}
