import Synchronization

/// Lets the commands to one aggregate go one after the other, from all partitions of this process: of two that decide on
/// the same state at once, one has decided for nothing.
final class StreamTurns: Sendable {
    private struct Waiting {
        let ticket: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        /// Those who wait, by whom they wait for; somebody has the turn wherever there is an entry.
        var lines: [String: [Waiting]] = [:]
        var lastTicket: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Runs `body` when those who came before are done.
    /// - Throws: what `body` throws, or `CancellationError` when the task is cancelled while it waits.
    func take<Result: Sendable>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        try await begin(name)
        defer { end(name) }
        return try await body()
    }

    private func begin(_ name: String) async throws {
        let ticket: UInt64? = state.withLock { state in
            guard state.lines[name] != nil else {
                state.lines[name] = []
                return nil
            }
            state.lastTicket += 1
            return state.lastTicket
        }
        guard let ticket else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait(Waiting(ticket: ticket, continuation: continuation), for: name)
            }
        } onCancel: {
            giveUp(ticket, for: name)
        }
    }

    private func wait(_ waiting: Waiting, for name: String) {
        let answer: Result<Void, any Error>? = state.withLock { state in
            // Cancelled before anybody could be told of it.
            if Task.isCancelled { return .failure(CancellationError()) }
            guard state.lines[name] != nil else {
                state.lines[name] = []
                return .success(())
            }
            state.lines[name]?.append(waiting)
            return nil
        }
        if let answer { waiting.continuation.resume(with: answer) }
    }

    private func giveUp(_ ticket: UInt64, for name: String) {
        let waiting = state.withLock { state in
            state.lines[name]?.firstIndex { $0.ticket == ticket }.flatMap { state.lines[name]?.remove(at: $0) }
        }
        waiting?.continuation.resume(throwing: CancellationError())
    }

    /// The turn goes to whoever waits the longest.
    private func end(_ name: String) {
        let next: Waiting? = state.withLock { state in
            guard state.lines[name]?.isEmpty == false else {
                state.lines[name] = nil
                return nil
            }
            return state.lines[name]?.removeFirst()
        }
        next?.continuation.resume()
    }
}
