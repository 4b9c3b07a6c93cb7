import FoundationEssentials
import MartletDomain
import MartletPostgres

/// Sends batches of units to the append function, and finds out how each one ended.
struct AppendCall: Sendable {
    let pool: ConnectionPool
    let schema: SQLIdentifier
    /// What commits with each batch; with none, a batch is one call of the append function.
    let inline: (any InlineEffects)?
    /// How long a caller waits for certainty after its link was lost.
    let patience: Duration = .seconds(15)
    let backoff = Backoff(base: .milliseconds(10), limit: .milliseconds(500))

    init(pool: ConnectionPool, schema: SQLIdentifier, inline: (any InlineEffects)? = nil) {
        self.pool = pool
        self.schema = schema
        self.inline = inline
    }

    /// One outcome for each unit, in their order; no two of them name the same stream or command.
    func outcomes(of units: [AppendUnit]) async -> [AppendOutcome] {
        do throws(PostgresError) {
            return try await send(units)
        } catch let error where error.sqlState == .statementCompletionUnknown {
            // Sending it again would find it here, which says nothing of the standby.
            return units.map { _ in .unknown(error) }
        } catch let error where error.leavesOutcomeUnknown || isOfTheMoment(error) {
            // A task of its own: the caller's may be cancelled, and then could not wait.
            return await Task { await settle(units, after: error) }.value
        } catch let error where units.count > 1 && error.mayBeOneUnitsFault {
            // The server does not say which: halve until it stands alone.
            let (first, second) = units.halves
            return await outcomes(of: first) + outcomes(of: second)
        } catch let error where error.sqlState == .queryCanceled && Task.isCancelled {
            // While it waited for a connection.
            return units.map { _ in .failed(.cancelled) }
        } catch {
            return units.map { _ in .failed(.database(error)) }
        }
    }

    func send(_ units: [AppendUnit]) async throws(PostgresError) -> [AppendOutcome] {
        if let inline { return try await send(units, with: inline) }
        let rows = try await pool.queryToTheEnd(.prepared(.append(units, schema: schema)))
        do throws(PostgresDecodingError) {
            return await answered(try AppendVerdict(rows, on: units))
        } catch {
            return units.map { _ in .unknown(.unreadableVerdict(error.description)) }
        }
    }

    /// The outcomes, with the first answers to commands that had been answered before.
    func answered(_ verdict: AppendVerdict) async -> [AppendOutcome] {
        guard !verdict.known.isEmpty else { return verdict.outcomes }
        // A task of its own: the caller's may be cancelled, and then could not ask.
        return verdict.adding(await Task { await answers(to: verdict.known) }.value)
    }

    /// What was answered to commands when they came for the first time; nothing of them was written now. Asks until it
    /// hears, since what is in the log must not be called failed.
    private func answers(to commands: [AppendUnit.Command]) async -> [CommandID: AppendOutcome] {
        let deadline = ContinuousClock.now + patience
        var failures = 0
        while true {
            do throws(PostgresError) { return try await readAnswers(to: commands) } catch {
                guard error.mayPass, ContinuousClock.now < deadline else {
                    return Dictionary(commands.map { ($0.id, .unknown(error)) }) { first, _ in first }
                }
            }
            failures += 1
            // The task is of this call's own; nobody cancels it.
            do { try await Task.sleep(for: backoff.delay(after: failures)) } catch {}
        }
    }

    private func readAnswers(
        to commands: [AppendUnit.Command]
    ) async throws(PostgresError) -> [CommandID: AppendOutcome] {
        let rows = try await pool.query(
            """
            SELECT asked.id, c.versions, c.position, c.rejection, c.digest = sha256(asked.body)
            FROM unnest(\(commands.map(\.id.rawValue)), \(commands.map { Data($0.body) })) AS asked (id, body)
            JOIN \(schema).commands c ON c.command_id = asked.id
            """)
        do throws(PostgresDecodingError) {
            var answers: [CommandID: AppendOutcome] = [:]
            for row in rows {
                let (id, versions, position, rejection, isSameBody) = try row.decode(
                    String.self, [Int64].self, Int64.self, JSON?.self, Bool.self)
                answers[CommandID(id)] = .repeated(
                    CommandAnswer(
                        versions: versions.map { StreamVersion(rawValue: $0) },
                        position: GlobalPosition(rawValue: position), rejection: rejection?.bytes,
                        isSameBody: isSameBody))
            }
            return answers
        } catch { throw .unreadableVerdict(error.description) }
    }
}

extension PostgresError {
    /// Data, constraints, limits and raised exceptions; anything else would fail every half of a batch alike.
    var mayBeOneUnitsFault: Bool { ["22", "23", "54", "P0"].contains(sqlState.errorClass) }

    /// Whether asking again later may end otherwise.
    var mayPass: Bool { !["22", "23", "42", "54", "P0"].contains(sqlState.errorClass) }

    /// Committed or not, in words that nobody understands.
    static func unreadableVerdict(_ problem: String) -> PostgresError {
        PostgresError(sqlState: .protocolViolation, message: "the append function's answer: \(problem)")
    }
}

extension [AppendUnit] {
    var halves: ([AppendUnit], [AppendUnit]) {
        (Array(self[..<(count / 2)]), Array(self[(count / 2)...]))
    }
}
