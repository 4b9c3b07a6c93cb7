import MartletDomain
import Synchronization

/// What the process and one of its workers tell each other while the worker has a partition.
final class PartitionTenure: Sendable {
    struct Report: Sendable {
        /// Committed, and everything up to it looked at.
        var position: GlobalPosition
        /// Events that took effect since the last look at them.
        var events = 0
        /// Why the last try failed; nil when none has failed since the last success.
        var problem: String?
        /// The event that the worker may not pass.
        var impasse: GlobalPosition?
    }

    let lease: PartitionLease
    private let state: Mutex<(report: Report, isRevoked: Bool)>

    init(_ lease: PartitionLease) {
        self.lease = lease
        state = Mutex((Report(position: lease.position), false))
    }

    /// Whether the worker is to finish its batch and end.
    var isRevoked: Bool { state.withLock(\.isRevoked) }

    func revoke() { state.withLock { $0.isRevoked = true } }

    var report: Report { state.withLock(\.report) }

    func moved(to position: GlobalPosition, events: Int) {
        state.withLock { state in
            state.report.position = position
            state.report.events += events
            state.report.problem = nil
        }
    }

    func failed(_ problem: String) { state.withLock { $0.report.problem = problem } }

    func stopped(before event: GlobalPosition) { state.withLock { $0.report.impasse = event } }

    /// The report, whose count of events starts anew.
    func takeReport() -> Report {
        state.withLock { state in
            defer { state.report.events = 0 }
            return state.report
        }
    }
}
