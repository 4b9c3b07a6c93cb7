import MartletPostgres

/// Wakes whoever waits at the end of the log when something has been appended: one LISTEN session per process.
///
/// A hint only. Whoever waits also looks by itself from time to time, since a notification can be lost.
package actor AppendSignal {
    private let listener: NotificationListener
    /// Counts the wake-ups, so that one that comes between looking and waiting is not missed.
    package private(set) var generation: UInt64 = 0
    private var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastTicket: UInt64 = 0

    package init(of schema: SQLIdentifier, in configuration: PostgresConfiguration) {
        listener = NotificationListener(configuration, channel: schema)
    }

    /// Listens until the task is cancelled.
    package func run() async throws {
        try await listener.run { _ in await self.wake() }
    }

    package func wake() {
        generation += 1
        for continuation in waiting.values { continuation.resume() }
        waiting.removeAll()
    }

    /// Returns at once when there was a wake-up since `generation`, else at the next one or after `limit`, or when the
    /// task is cancelled.
    package func wait(since generation: UInt64, atMost limit: Duration) async {
        guard self.generation == generation else { return }
        lastTicket += 1
        let ticket = lastTicket
        let timer = Task {
            try await Task.sleep(for: limit)
            self.release(ticket)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiting[ticket] = continuation
                if Task.isCancelled { release(ticket) }
            }
        } onCancel: {
            Task { await self.release(ticket) }
        }
        timer.cancel()
    }

    private func release(_ ticket: UInt64) {
        waiting.removeValue(forKey: ticket)?.resume()
    }
}
