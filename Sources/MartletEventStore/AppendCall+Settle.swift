import MartletDomain
import MartletPostgres

extension AppendCall {
    /// Finds out how units ended whose answer was lost, by sending the same again until there is an answer: each
    /// commits now, or meets its own events or its own command's answer, or others'.
    ///
    /// Only those for which that is harmless; sending any other twice could write it twice.
    func settle(_ units: [AppendUnit], after cause: PostgresError) async -> [AppendOutcome] {
        let repeatable = units.filter(\.isRepeatable)
        var settled = await resend(repeatable, by: ContinuousClock.now + patience, after: cause).makeIterator()
        return units.map { unit in unit.isRepeatable ? settled.next() ?? .unknown(cause) : unsettled(cause) }
    }

    private func unsettled(_ cause: PostgresError) -> AppendOutcome {
        isUnwritten(cause) ? .failed(.database(cause)) : .unknown(cause)
    }

    private func resend(
        _ units: [AppendUnit], by deadline: ContinuousClock.Instant, after cause: PostgresError
    ) async -> [AppendOutcome] {
        var (cause, failures) = (cause, 0)
        while !units.isEmpty, ContinuousClock.now < deadline {
            do throws(PostgresError) {
                return try await recognisingOwn(units, in: try await send(units), by: deadline, after: cause)
            } catch let error where error.mayPass && error.sqlState != .statementCompletionUnknown {
                failures += 1
                if isUnwritten(cause) { cause = error }
                // The task is of this call's own; nobody cancels it.
                do { try await Task.sleep(for: backoff.delay(after: failures)) } catch {}
            } catch let error where units.count > 1 && error.mayBeOneUnitsFault {
                let (first, second) = units.halves
                return await resend(first, by: deadline, after: cause) + resend(second, by: deadline, after: cause)
            } catch {
                return units.map { _ in isUnwritten(cause) ? unsettled(error) : .unknown(error) }
            }
        }
        return units.map { _ in unsettled(cause) }
    }

    /// A unit that meets its own events or its own command had committed when it was first sent.
    private func recognisingOwn(
        _ units: [AppendUnit], in outcomes: [AppendOutcome], by deadline: ContinuousClock.Instant,
        after cause: PostgresError
    ) async throws(PostgresError) -> [AppendOutcome] {
        var recognised: [AppendOutcome] = []
        var meetsEarlier = false
        for (unit, outcome) in zip(units, outcomes) {
            switch outcome {
            case .repeated:
                meetsEarlier = true
                recognised.append(outcome)
            case .conflict, .closed:
                let earlier = try await committedBefore(unit)
                meetsEarlier = meetsEarlier || earlier != nil
                recognised.append(earlier ?? (outcome.mayChange ? .unknown(cause) : outcome))
            default: recognised.append(outcome)
            }
        }
        if meetsEarlier { try await untilReplicated(by: deadline) }
        return recognised
    }

    /// What the lost link's commit had to wait for, if it had to wait for a standby, this commit waits for too.
    private func untilReplicated(by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        let mark = Task { () async -> PostgresError? in
            do throws(PostgresError) {
                try await pool.query("SELECT pg_logical_emit_message(true, 'martlet', '')")
                return nil
            } catch { return error }
        }
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            mark.cancel()
        }
        defer { timer.cancel() }
        if let error = await mark.value { throw error }
    }

    /// How the unit had committed, if its last event stands where it must.
    private func committedBefore(_ unit: AppendUnit) async throws(PostgresError) -> AppendOutcome? {
        let ends = unit.streams.compactMap { stream in
            stream.expected.version.map { StreamVersion(rawValue: $0.rawValue + Int64(stream.events.count)) }
        }
        guard ends.count == unit.streams.count,
            let last = unit.streams.indices.last(where: { !unit.streams[$0].events.isEmpty }),
            let event = unit.streams[last].events.last
        else { return nil }
        let rows = try await pool.query(
            """
            SELECT position FROM \(schema).events
            WHERE stream_id = \(unit.streams[last].id) AND version = \(ends[last].rawValue)
            AND event_id = \(event.id)
            """)
        do throws(PostgresDecodingError) {
            guard let position = try rows.first?.decode(Int64.self) else { return nil }
            return .committed(versions: ends, position: GlobalPosition(rawValue: position))
        } catch {
            throw .unreadableVerdict(error.description)
        }
    }
}

extension AppendOutcome {
    /// Whether a first sending that is still under way may yet find the stream as it expects: one that is behind.
    fileprivate var mayChange: Bool {
        guard case .conflict(let conflict) = self else { return false }
        return conflict.actual < conflict.expected.version ?? (conflict.expected == .exists ? 1 : 0)
    }
}
