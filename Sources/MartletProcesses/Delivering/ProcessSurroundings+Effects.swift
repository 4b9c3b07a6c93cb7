import MartletPostgres
import MartletProjections

/// What is written down of effects while they are delivered.
extension ProcessSurroundings {
    /// Counts a try before it is made, unless it is an ordinary first one; false when the effect was withdrawn meanwhile.
    func isWanted(_ pending: PendingEffect, at partition: AttendedPartition, hasWaited: Bool) async throws -> Bool {
        guard pending.isCounted else {
            guard hasWaited || pending.wasPutOff else { return true }
            return try await !pool.query("SELECT FROM \(schema).process_effects WHERE \(isThis(pending, partition))")
                .isEmpty
        }
        let wanted = try await pool.execute(
            """
            UPDATE \(schema).process_effects
            SET attempts = \(Int32(clamping: pending.attempts)) + 1,
                unfinished = \(Int32(clamping: pending.unfinished)) + 1,
                tried_at = clock_timestamp(), next_try_at = NULL
            WHERE \(isThis(pending, partition))
            """)
        return wanted > 0
    }

    /// How many tries in a row may have no known end until the effect is taken for what ends the process.
    func unfinishedLimit(of pending: PendingEffect) -> Int {
        gates[pending.reference.target]?.policy.attempts ?? P.onFailure.attempts
    }

    func pause(after pending: PendingEffect) -> Duration {
        let policy = gates[pending.reference.target]?.policy
        let backoff = Backoff(
            base: policy?.pause ?? .milliseconds(50), limit: policy?.longestPause ?? .seconds(10))
        return backoff.delay(after: pending.attempts)
    }

    /// For those who look at it; what keeps it from being written keeps nothing else.
    func note(_ problem: String, on pending: PendingEffect, at partition: AttendedPartition, nextTry: Duration) async {
        let milliseconds = Int64(nextTry / .milliseconds(1))
        do throws(PostgresError) {
            try await pool.execute(
                """
                UPDATE \(schema).process_effects
                SET attempts = \(Int32(clamping: pending.attempts)), unfinished = 0,
                    problem = \(problem.asProblem),
                    tried_at = clock_timestamp(), next_try_at = clock_timestamp() + \(milliseconds) * interval '1 ms'
                WHERE \(isThis(pending, partition))
                """)
        } catch {}
    }

    /// Leaves the effect to an operator; until that is written down, who has the partition next tries it again.
    func park(
        _ pending: PendingEffect, at partition: AttendedPartition, because problem: String, isRefused: Bool
    ) async {
        let words = problem.asProblem
        let backoff = Backoff(base: .milliseconds(100), limit: .seconds(5))
        var failures = 0
        while !Task.isCancelled {
            do throws(PostgresError) {
                let parked = try await pool.execute(
                    """
                    UPDATE \(schema).process_effects
                    SET attempts = \(Int32(clamping: pending.attempts)) + 1, unfinished = 0,
                        problem = \(words),
                        is_refused = \(isRefused), tried_at = clock_timestamp(), next_try_at = NULL,
                        parked_at = clock_timestamp()
                    WHERE \(isThis(pending, partition)) AND parked_at IS NULL
                    """)
                guard parked > 0 else { return }
                return incidents.tell(
                    ProjectionIncident(
                        kind: .parkedStep, of: .process, projection: P.name,
                        problem: "step \"\(pending.reference.step)\" of \"\(pending.instance)\": \(words)"))
            } catch {
                failures += 1
                do { try await Task.sleep(for: backoff.delay(after: failures)) } catch { return }
            }
        }
    }

    /// Takes what was delivered off the table, and what is cut short now back among what was not tried.
    func leaveInOrder(delivered: [Int64], cut: [PendingEffect], at partition: AttendedPartition) async {
        guard !delivered.isEmpty || !cut.isEmpty else { return }
        // Whoever has the partition next delivers or counts them once more where this cannot be written.
        do {
            _ = try await ask(
                deletion(of: delivered, at: partition),
                """
                UPDATE \(schema).process_effects e SET attempts = c.attempts, unfinished = c.unfinished
                FROM unnest(
                    \(cut.map(\.effect)), \(cut.map { Int32(clamping: $0.attempts) }),
                    \(cut.map { Int32(clamping: $0.unfinished) })
                ) AS c (effect, attempts, unfinished)
                WHERE e.place = \(partition.place) AND e.effect = c.effect
                """)
        } catch {}
    }

    /// Asks by indexes alone, and does not wait for the disk: what is lost of what was written is done once more, which
    /// changes nothing. The tables of effects and timers have few rows, and many dead ones that no statistics know of: to
    /// read all of them seems cheap, and is not.
    /// - Returns: the last one's answer.
    func ask(_ statements: SQL...) async throws -> Rows {
        let settings: SQL = """
            SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
                set_config('enable_mergejoin', 'off', true), set_config('synchronous_commit', 'off', true)
            """
        return try await pool.withConnection { connection in
            try await connection.pipeline([settings] + statements)[statements.count]
        }
    }

    func deletion(of delivered: [Int64], at partition: AttendedPartition) -> SQL {
        "SELECT \(schema).end_delivered(\(partition.place), \(delivered))"
    }

    private func isThis(_ pending: PendingEffect, _ partition: AttendedPartition) -> SQL {
        "place = \(partition.place) AND effect = \(pending.effect)"
    }
}
