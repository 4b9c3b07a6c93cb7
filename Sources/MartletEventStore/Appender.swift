import MartletPostgres
import Synchronization

/// Group commit: gathers the units that arrive while a batch is under way and sends them as one call, one commit.
///
/// One per process and log. Nothing waits for a clock: a unit that finds the appender idle goes at once; and what waits
/// goes when a batch has ended, or when as much waits as is under way, or as pays for a commit. A lock instead of an
/// actor, because an actor costs each caller three more changes of executor.
final class Appender: Sendable {
    private typealias Waiter = CheckedContinuation<AppendOutcome, Never>
    private let call: AppendCall
    private let patience: Duration
    private let state: Mutex<AppenderState<Waiter>>

    init(_ call: AppendCall, limits: AppendLimits) {
        self.call = call
        patience = limits.patience
        state = Mutex(AppenderState(limits: limits))
    }

    /// How many units have not been sent yet.
    var waitingCount: Int { state.withLock { $0.queue.count } }

    /// How the unit ended. A caller that is cancelled takes it out of the queue, but never back from the server.
    func append(_ unit: AppendUnit) async -> AppendOutcome {
        // Alone there is nothing to gather, and no other task to wait for.
        if let batch = state.withLock({ $0.takeAlone(unit) }) { return await send(batch)[0] }
        let ticket = state.withLock { $0.newTicket() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let refusal = state.withLock { $0.admit(unit, continuation, ticket: ticket) }
                if let refusal { continuation.resume(returning: .failed(refusal)) } else { sendNext() }
            }
        } onCancel: {
            let dropped = state.withLock { $0.remove(ticket: ticket) }
            dropped?.resume(returning: .failed(.cancelled))
            sendNext()
        }
    }

    private func sendNext() {
        while let batch = state.withLock({ $0.takeBatch() }) {
            // A task of its own: no caller's cancellation can reach a statement whose commit may be under way.
            Task { await send(batch) }
        }
        watch()
    }

    @discardableResult
    private func send(_ batch: [AppendQueue<Waiter>.Entry]) async -> [AppendOutcome] {
        let outcomes = await call.outcomes(of: batch.map(\.unit))
        // First the lines move up, or an answered caller's next unit would find its own last one in its way.
        let awaited = state.withLock { $0.finish(batch) }
        for (entry, outcome) in zip(batch, outcomes) { entry.waiter?.resume(returning: outcome) }
        if let awaited { await linger(for: awaited) }
        sendNext()
        return outcomes
    }

    /// Lets the callers who have just been answered come back with their next units, for as long as some do: without
    /// it the first of them would go alone, and the others wait for its commit.
    private func linger(for awaited: Int) async {
        var before = -1
        while case let waiting = state.withLock({ $0.queue.count }), waiting < awaited, waiting > before {
            before = waiting
            await Task.yield()
        }
        state.withLock { $0.isLingering = false }
    }

    /// While anything waits, looks from time to time whether it has waited too long.
    private func watch() {
        guard state.withLock({ $0.beginsWatching() }) else { return }
        Task {
            while state.withLock({ $0.goesOnWatching() }) {
                do { try await Task.sleep(for: patience / 8) } catch {}
                let (waiting, late) = state.withLock { $0.removeLate() }
                for waiter in late {
                    waiter.resume(returning: .failed(.overloaded(waiting: waiting, for: patience)))
                }
                sendNext()
            }
        }
    }
}
