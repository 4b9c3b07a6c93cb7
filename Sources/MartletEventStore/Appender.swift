import MartletPostgres

/// Group commit: gathers the appends that arrive while a batch is under way and sends them as one call, one commit.
///
/// One per process and log. Nothing waits for a batch to fill: an append that finds the appender idle goes at once.
actor Appender {
    private let call: AppendCall
    private var queue = AppendQueue<CheckedContinuation<AppendOutcome, Never>>()
    private var batchesInFlight = 0
    /// Two, so that the server finds the next batch waiting at the lock when one has committed.
    private static let mostInFlight = 2

    init(_ call: AppendCall) {
        self.call = call
    }

    /// How the append ended; it is never given up, whatever becomes of the caller's task.
    func append(_ request: AppendRequest) async -> AppendOutcome {
        await withCheckedContinuation { continuation in
            queue.add(request, continuation)
            sendNext()
        }
    }

    private func sendNext() {
        guard batchesInFlight < Self.mostInFlight else { return }
        let batch = queue.takeBatch()
        guard !batch.isEmpty else { return }
        batchesInFlight += 1
        // A task of its own: no caller's cancellation can reach a statement whose commit may be under way.
        Task {
            let outcomes = await call.outcomes(of: batch.map(\.request))
            for (entry, outcome) in zip(batch, outcomes) { entry.waiter.resume(returning: outcome) }
            queue.finish(batch)
            batchesInFlight -= 1
            sendNext()
        }
    }
}
