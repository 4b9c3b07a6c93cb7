public import MartletDomain
import MartletPostgres

extension EventStore {
    /// Lets the aggregate decide on the state that this process remembers, or else loads, and appends what it decided;
    /// when another was faster, decides again on the new state, up to ten times.
    ///
    /// Returns once the events are durable; a command that causes none returns where the stream stood. A refusal, or
    /// that there is nothing to do, is never said of a state that was only remembered.
    /// - Throws: ``ExecuteError``.
    @discardableResult
    public func execute<A: Aggregate>(
        _ command: A.Command, on id: StreamID<A>, metadata: Metadata = .none
    ) async throws(ExecuteError<A.Rejection>) -> Receipt {
        try await deciding(id) { folded throws(ExecuteError<A.Rejection>) in
            let events: [A.Event]
            do throws(A.Rejection) { events = try folded.state.decide(command) } catch {
                guard folded.isCurrent else { return nil }
                throw .rejected(error)
            }
            guard !events.isEmpty else { return folded.isCurrent ? folded.receipt : nil }
            let stream = try encode(events, on: id, folded, metadata)
            guard case .committed(let receipt) = try await append(stream, to: folded, of: id) else {
                throw .failed(.corrupt("stream \"\(id)\": an append without a command's id met a command's answer"))
            }
            return receipt
        }
    }

    /// Runs `decide` on the aggregate; again on its current state when `decide` says so with nil, or ends in a
    /// conflict.
    func deciding<A: Aggregate>(
        _ id: StreamID<A>, _ decide: (Folded<A>) async throws(ExecuteError<A.Rejection>) -> Receipt?
    ) async throws(ExecuteError<A.Rejection>) -> Receipt {
        var folded = try await remembered(id)
        var attempt = 1
        while true {
            do throws(ExecuteError<A.Rejection>) {
                if let receipt = try await decide(folded) { return receipt }
            } catch {
                guard case .conflict = error else { throw error }
                // A conflict on a remembered state only says that it is out of date.
                if folded.isCurrent {
                    guard attempt < Self.attempts, await pause(after: attempt) else { throw error }
                    attempt += 1
                }
            }
            folded = try await freshly(id, after: folded)
        }
    }

    /// What was decided on a state, to stand just after it.
    func encode<A: Aggregate>(
        _ events: [A.Event], on id: StreamID<A>, _ folded: Folded<A>, _ metadata: Metadata
    ) throws(ExecuteError<A.Rejection>) -> AppendUnit.Stream {
        do throws(EventStoreError) {
            return try AppendUnit.Stream(
                events, to: id, expecting: .exactly(folded.receipt.version), metadata: metadata, codec: codec)
        } catch { throw .failed(error) }
    }

    /// Appends what was decided on a state, and remembers the state that this has come to.
    func append<A: Aggregate>(
        _ stream: AppendUnit.Stream, to folded: Folded<A>, of id: StreamID<A>, as command: AppendUnit.Command? = nil
    ) async throws(ExecuteError<A.Rejection>) -> Decided {
        switch await storage.append(AppendUnit([stream], command: command)) {
        case .committed(let versions, let position):
            let receipt = Receipt(version: versions[0], position: position)
            if !stream.events.isEmpty { remember(folded, and: stream, until: receipt, of: id) }
            return .committed(receipt)
        case .repeated(let answer): return .repeated(answer)
        case .conflict(let conflict): throw .conflict(conflict)
        case .closed(let stream, let version):
            cache.drop(id)
            throw .failed(.closed(stream, at: version))
        case .unknown(let cause): throw .unknown(UnknownOutcome(stream: id.name, cause: cause))
        case .failed(let error): throw .failed(error)
        }
    }

    /// What this process remembers, if it is likely to be current still; else what there is.
    private func remembered<A: Aggregate>(_ id: StreamID<A>) async throws(ExecuteError<A.Rejection>) -> Folded<A> {
        let known = cache.state(of: id)
        if let known, !known.isContested { return known }
        return try await freshly(id, after: known)
    }

    private func freshly<A: Aggregate>(
        _ id: StreamID<A>, after known: Folded<A>?
    ) async throws(ExecuteError<A.Rejection>) -> Folded<A> {
        do throws(EventStoreError) { return try await current(known, of: id) } catch { throw .failed(error) }
    }

    private static var attempts: Int { 10 }
    private static var backoff: Backoff { Backoff(base: .milliseconds(1), limit: .milliseconds(50)) }

    /// False when the task was cancelled meanwhile.
    private func pause(after attempt: Int) async -> Bool {
        do {
            try await Task.sleep(for: Self.backoff.delay(after: attempt))
            return true
        } catch { return false }
    }
}

/// What became of a decision that was sent.
enum Decided: Sendable {
    case committed(Receipt)
    /// The command had been answered before.
    case repeated(CommandAnswer)
}
