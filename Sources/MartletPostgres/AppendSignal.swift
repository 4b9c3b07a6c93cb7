import Synchronization

/// Wakes whoever waits at the end of the log when something has been appended: one LISTEN session per process, for as
/// long as anybody follows.
///
/// A hint only. Whoever waits also looks by itself from time to time, since a notification can be lost.
package actor AppendSignal {
    private let listener: NotificationListener?
    /// What the session hears beside the appends goes here.
    private let sideChannel: SQLIdentifier?
    private nonisolated let hearer = Mutex<Hearer?>(nil)
    package typealias Hearer = @Sendable (String?) async -> Void
    private var listening: Task<Void, Never>?
    private var followers = 0
    /// Counts the wake-ups, so that one that comes between looking and waiting is not missed.
    package private(set) var generation: UInt64 = 0
    private var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastTicket: UInt64 = 0

    /// A signal of what other processes append, too; opens its session when somebody follows.
    package init(of schema: SQLIdentifier, in configuration: PostgresConfiguration) {
        let sideChannel = Self.sideChannel(of: schema)
        self.sideChannel = sideChannel
        listener = NotificationListener(configuration, channels: schema, sideChannel)
    }

    /// A signal that only its owner wakes.
    package init() { (listener, sideChannel) = (nil, nil) }

    /// The channel on which processes tell each other what is no append.
    package static func sideChannel(of schema: SQLIdentifier) -> SQLIdentifier { schema.appending("_progress") }

    /// Has a closure told of what comes on the side channel, and of nil when something may have been missed.
    package nonisolated func hear(_ hearer: @escaping Hearer) { self.hearer.withLock { $0 = hearer } }

    /// Follows until the task is cancelled, so that nobody else need connect meanwhile.
    package func run() async throws {
        let following = join()
        defer { withExtendedLifetime(following) {} }
        while true { try await Task.sleep(for: .seconds(3600)) }
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

    // MARK: following

    /// Keeps the session open for as long as the answer lives.
    package func join() -> Following {
        followers += 1
        if listening == nil, let listener {
            listening = Task {
                do { try await listener.run { await self.heard($0) } } catch {}
            }
        }
        return Following(signal: self)
    }

    private func heard(_ notification: PostgresNotification?) async {
        if let notification, notification.channel == sideChannel?.name {
            await hearer.withLock(\.self)?(notification.payload)
        } else {
            wake()
            if notification == nil { await hearer.withLock(\.self)?(nil) }
        }
    }

    fileprivate func leave() {
        followers -= 1
        guard followers == 0 else { return }
        listening?.cancel()
        listening = nil
    }

    package final class Following: Sendable {
        private let signal: AppendSignal

        fileprivate init(signal: AppendSignal) { self.signal = signal }

        deinit { Task { [signal] in await signal.leave() } }
    }
}
