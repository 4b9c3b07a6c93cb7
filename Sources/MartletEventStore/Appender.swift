import MartletPostgres

/// Group commit: gathers the units that arrive while a batch is under way and sends them as one call, one commit.
///
/// One per process and log. Nothing waits for a clock: a unit that finds the appender idle goes at once; and what waits
/// goes when a batch has ended, or when as much waits as is under way.
actor Appender {
    private let call: AppendCall
    private let limits: AppendLimits
    private typealias Queue = AppendQueue<CheckedContinuation<AppendOutcome, Never>>
    private var queue: Queue
    private var batchesInFlight = 0
    private var unitsInFlight = 0
    private var isLingering = false
    private var lastTicket: UInt64 = 0
    private var isWatching = false
    /// Two, so that the server finds the next batch waiting at the lock when one has committed.
    private static let mostInFlight = 2

    init(_ call: AppendCall, limits: AppendLimits) {
        self.call = call
        self.limits = limits
        queue = AppendQueue(limits: limits)
    }

    /// How the unit ended. A caller that is cancelled takes it out of the queue, but never back from the server.
    func append(_ unit: AppendUnit) async -> AppendOutcome {
        lastTicket += 1
        let ticket = lastTicket
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: .failed(.cancelled)) }
                guard !queue.isFull else {
                    return continuation.resume(returning: .failed(.overloaded(waiting: queue.count, for: .zero)))
                }
                queue.add(unit, continuation, ticket: ticket)
                sendNext()
            }
        } onCancel: {
            Task { await self.drop(ticket) }
        }
    }

    private func drop(_ ticket: UInt64) {
        queue.remove(ticket: ticket)?.waiter.resume(returning: .failed(.cancelled))
        sendNext()
    }

    private func sendNext() {
        while !isLingering, isWorthSending {
            let batch = queue.takeBatch()
            guard !batch.isEmpty else { break }
            send(batch)
        }
        watch()
    }

    private func send(_ batch: [Queue.Entry]) {
        batchesInFlight += 1
        unitsInFlight += batch.count
        // A task of its own: no caller's cancellation can reach a statement whose commit may be under way.
        Task {
            let outcomes = await call.outcomes(of: batch.map(\.unit))
            for (entry, outcome) in zip(batch, outcomes) { entry.waiter.resume(returning: outcome) }
            queue.finish(batch)
            batchesInFlight -= 1
            unitsInFlight -= batch.count
            await linger(for: batch.count)
            sendNext()
        }
    }

    /// Behind a batch that is under way, one of fewer units would only split what could share a commit.
    private var isWorthSending: Bool {
        switch batchesInFlight {
        case 0: true
        case ..<Self.mostInFlight: queue.readyCount >= unitsInFlight
        default: false
        }
    }

    /// Lets the callers who have just been answered come back with their next units, for as long as some do: without
    /// it the first of them would go alone, and the others wait for its commit.
    private func linger(for answered: Int) async {
        guard answered > 1, !isLingering else { return }
        isLingering = true
        defer { isLingering = false }
        var before = -1
        while queue.count < answered, queue.count > before {
            before = queue.count
            await Task.yield()
        }
    }

    /// While anything waits, looks from time to time whether it has waited too long.
    private func watch() {
        guard queue.count > 0, !isWatching else { return }
        isWatching = true
        Task {
            while queue.count > 0 {
                do { try await Task.sleep(for: limits.patience / 8) } catch {}
                expire()
            }
            isWatching = false
        }
    }

    private func expire() {
        let waiting = queue.count
        for late in queue.removeAll(since: .now - limits.patience) {
            late.waiter.resume(returning: .failed(.overloaded(waiting: waiting, for: limits.patience)))
        }
        sendNext()
    }
}
