import Synchronization

/// The time for which a member reads a partition.
final class Tenure: Sendable {
    let lease: GroupLease
    private let state = Mutex((isRevoked: false, isFinished: false))
    private let end = AsyncStream<Never>.makeStream()

    init(_ lease: GroupLease) { self.lease = lease }

    var isRevoked: Bool { state.withLock(\.isRevoked) }

    /// Whether the reader has done all that it wanted to.
    var isFinished: Bool {
        get { state.withLock(\.isFinished) }
        set { state.withLock { $0.isFinished = newValue } }
    }

    func revoke() {
        state.withLock { $0.isRevoked = true }
        end.continuation.finish()
    }

    /// Returns when it is revoked, or the task cancelled.
    func revoked() async { for await _ in end.stream {} }
}

/// Until when a member's leases last, by its own clock and counted from before each renewal was sent: the log's clock
/// counts from later, so they last longer there.
final class LeaseClock: Sendable {
    private let length: Duration
    private let end = Mutex(ContinuousClock.now)

    /// - Parameter lease: what the log gives; a fifth of it is left for readers to end in.
    init(of lease: Duration) { length = lease * 4 / 5 }

    func renewed(at sent: ContinuousClock.Instant) { end.withLock { $0 = sent + length } }

    /// Returns when a renewal is overdue.
    func runOut() async throws(CancellationError) {
        while case let end = end.withLock(\.self), end > .now {
            do { try await Task.sleep(until: end, clock: .continuous) } catch { throw CancellationError() }
        }
    }
}
