import MartletDomain
import MartletPostgres

extension AppendCall {
    /// Sends a batch in one transaction with its inline effects.
    ///
    /// Once the append has been answered the log's lock is held for as long as the effects take.
    func send(
        _ units: [AppendUnit], with inline: any InlineEffects
    ) async throws(PostgresError) -> [AppendOutcome] {
        let deadline = ContinuousClock.now + patience
        var (tries, delays) = (0, 0)
        while true {
            do {
                // A task of its own: no caller's cancellation is to reach the projections, or the commit.
                return await answered(try await Task { try await commit(units, with: inline) }.value)
            } catch let error as PostgresError where error.sqlState == .idleInTransactionTimeout && delays == 0 {
                delays += 1
            } catch let error as PostgresError {
                throw error
            } catch let error as RefusedBatch {
                if case .ofDelay = error.refusal { delays += 1 }
                guard error.mayPass, delays <= 1, ContinuousClock.now < deadline else {
                    return await outcomes(of: units, refusedBy: error)
                }
            } catch {
                throw .unreadableVerdict("\(error)")
            }
            tries += 1
            let pause = backoff.delay(after: tries)
            // Nobody cancels this one, either.
            await Task { do { try await Task.sleep(for: pause) } catch {} }.value
        }
    }

    private struct RefusedBatch: Error {
        let verdict: AppendVerdict
        let refusal: InlineRefusal

        /// Whether it may end otherwise when it is tried again.
        var mayPass: Bool {
            switch refusal {
            case .ofTheMoment, .ofDelay: true
            case .ofEverything, .ofEvents: false
            }
        }
    }

    private func commit(_ units: [AppendUnit], with inline: any InlineEffects) async throws -> AppendVerdict {
        try await pool.transaction { transaction in
            let count = units.reduce(0) { $0 + $1.eventCount }
            let answers = try await transaction.pipeline(
                [.append(units, schema: schema)] + inline.inquiries(events: count))
            let verdict = try AppendVerdict(answers[0], on: units)
            guard verdict.eventCount > 0 else { return verdict }
            do {
                try await inline.write(
                    Array(answers.dropFirst()), after: verdict.head, events: verdict.eventCount, in: transaction)
            } catch let refusal as InlineRefusal {
                throw RefusedBatch(verdict: verdict, refusal: refusal)
            }
            return verdict
        }
    }

    /// What was found in the way of a unit stands, though the others were rolled back with all that was written.
    private func outcomes(of units: [AppendUnit], refusedBy error: RefusedBatch) async -> [AppendOutcome] {
        switch error.refusal {
        case .ofDelay(let refusal):
            return await outcomes(of: units, refusedBy: RefusedBatch(verdict: error.verdict, refusal: refusal))
        case .ofEverything(let reason), .ofTheMoment(let reason): return await answered(error.verdict.failing(reason))
        case .ofEvents(let refusal) where error.verdict.committedCount == 1:
            return await answered(error.verdict.failing(.refusedByProjection(refusal)))
        case .ofEvents:
            // Which unit's events it was nobody says: halve until it stands alone.
            let (first, second) = units.halves
            return await outcomes(of: first) + outcomes(of: second)
        }
    }

    /// Whether nothing was written for certain: with inline effects, until COMMIT has been sent.
    func isUnwritten(_ error: PostgresError) -> Bool {
        inline != nil && ![.transactionResolutionUnknown, .statementCompletionUnknown].contains(error.sqlState)
    }

    /// Whether a transaction with inline effects got in somebody's way.
    func isOfTheMoment(_ error: PostgresError) -> Bool {
        inline != nil
            && [.serializationFailure, .deadlockDetected, .lockNotAvailable].contains(error.sqlState)
    }
}
