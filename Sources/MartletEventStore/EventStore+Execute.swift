public import MartletDomain
import MartletPostgres

/// An aggregate's state with the place in its stream that it was folded to.
public struct Loaded<A: Aggregate>: Sendable {
    public var state = A()
    /// Where the stream stood: ``StreamVersion/none`` without events.
    public var receipt = Receipt(version: .none, position: .start)
}

extension EventStore {
    /// Folds the events of a stream into its aggregate.
    /// - Throws: ``EventStoreError``.
    public func load<A: Aggregate>(_ id: StreamID<A>) async throws(EventStoreError) -> Loaded<A> {
        var loaded = Loaded<A>()
        for try await stored in readStored(id.name) {
            if let recorded = try codec.decode(stored, of: A.self) { loaded.state.apply(recorded.event) }
            loaded.receipt = Receipt(version: stored.version, position: stored.position)
        }
        return loaded
    }

    /// Loads the aggregate, lets it decide, appends what it decided; when another was faster, decides again on the new
    /// state, up to ten times.
    ///
    /// Returns once the events are durable; a command that causes none returns where the stream stood.
    /// - Throws: ``ExecuteError``.
    @discardableResult
    public func execute<A: Aggregate>(
        _ command: A.Command, on id: StreamID<A>, metadata: Metadata = .none
    ) async throws(ExecuteError<A.Rejection>) -> Receipt {
        try await deciding(id) { loaded throws(ExecuteError<A.Rejection>) in
            let events: [A.Event]
            do throws(A.Rejection) { events = try loaded.state.decide(command) } catch { throw .rejected(error) }
            guard !events.isEmpty else { return loaded.receipt }
            do throws(AppendError) {
                return try await append(
                    events, to: id, expecting: .exactly(loaded.receipt.version), metadata: metadata)
            } catch { throw ExecuteError(error) }
        }
    }

    /// Runs `decide` on the freshly loaded aggregate, and again while it ends in a conflict.
    func deciding<A: Aggregate>(
        _ id: StreamID<A>, _ decide: (Loaded<A>) async throws(ExecuteError<A.Rejection>) -> Receipt
    ) async throws(ExecuteError<A.Rejection>) -> Receipt {
        var attempt = 1
        while true {
            let loaded: Loaded<A> = try await freshly(id)
            do throws(ExecuteError<A.Rejection>) { return try await decide(loaded) } catch {
                guard case .conflict = error, attempt < Self.attempts, await pause(after: attempt) else { throw error }
                attempt += 1
            }
        }
    }

    private func freshly<A: Aggregate>(_ id: StreamID<A>) async throws(ExecuteError<A.Rejection>) -> Loaded<A> {
        do throws(EventStoreError) { return try await load(id) } catch { throw .failed(error) }
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

extension ExecuteError {
    init(_ error: AppendError) {
        switch error {
        case .conflict(let conflict): self = .conflict(conflict)
        case .unknown(let outcome): self = .unknown(outcome)
        case .failed(let failure): self = .failed(failure)
        }
    }
}
