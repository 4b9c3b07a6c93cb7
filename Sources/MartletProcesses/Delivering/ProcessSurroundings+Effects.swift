import MartletPostgres
import MartletProjections

/// What is written down of effects while they are delivered.
extension ProcessSurroundings {
    /// Counts a try that is not the first, before it is made; false when the effect was withdrawn meanwhile.
    func isWanted(_ pending: PendingEffect, at place: AttendedPartition) async throws -> Bool {
        guard pending.attempts > 0 else { return true }
        let wanted = try await pool.execute(
            """
            UPDATE \(schema).process_effects
            SET attempts = \(Int32(clamping: pending.attempts)) + 1, tried_at = clock_timestamp(), next_try_at = NULL
            WHERE \(isThis(pending, place))
            """)
        return wanted > 0
    }

    func pause(after pending: PendingEffect) -> Duration {
        let policy = gates[pending.reference.target]?.policy
        let backoff = Backoff(
            base: policy?.pause ?? .milliseconds(50), limit: policy?.longestPause ?? .seconds(10))
        return backoff.delay(after: pending.attempts)
    }

    /// For those who look at it; what keeps it from being written keeps nothing else.
    func note(_ problem: String, on pending: PendingEffect, at place: AttendedPartition, nextTry: Duration) async {
        let milliseconds = Int64(nextTry / .milliseconds(1))
        do throws(PostgresError) {
            try await pool.execute(
                """
                UPDATE \(schema).process_effects
                SET attempts = \(Int32(clamping: pending.attempts)), problem = \(problem),
                    tried_at = clock_timestamp(), next_try_at = clock_timestamp() + \(milliseconds) * interval '1 ms'
                WHERE \(isThis(pending, place))
                """)
        } catch {}
    }

    /// Leaves the effect to an operator; until that is written down, who has the partition next tries it again.
    func park(
        _ pending: PendingEffect, at place: AttendedPartition, because problem: String, isRefused: Bool
    ) async {
        let backoff = Backoff(base: .milliseconds(100), limit: .seconds(5))
        var failures = 0
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await pool.execute(
                    """
                    UPDATE \(schema).process_effects
                    SET attempts = \(Int32(clamping: pending.attempts)) + 1, problem = \(problem),
                        is_refused = \(isRefused), tried_at = clock_timestamp(), next_try_at = NULL,
                        parked_at = clock_timestamp()
                    WHERE \(isThis(pending, place))
                    """)
                return incidents.tell(
                    ProjectionIncident(
                        kind: .parkedStep, of: .process, projection: P.name,
                        problem: "step \"\(pending.reference.step)\" of \"\(pending.instance)\": \(problem)"))
            } catch {
                failures += 1
                do { try await Task.sleep(for: backoff.delay(after: failures)) } catch { return }
            }
        }
    }

    private func isThis(_ pending: PendingEffect, _ place: AttendedPartition) -> SQL {
        "build = \(place.build) AND partition = \(Int16(place.partition)) AND effect = \(pending.effect)"
    }
}
