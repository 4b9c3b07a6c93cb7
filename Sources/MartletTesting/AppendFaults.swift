import Synchronization

/// What goes wrong with the next appends to an in-memory event store: each fault meets one append, in order.
///
/// ```swift
/// let faults = AppendFaults()
/// let store = EventStore.inMemory(faults: faults)
/// faults.meetNext(.lostAnswer)
/// ```
///
/// On PostgreSQL an append whose link is lost is first sent again where that is harmless; what an app sees here, it sees
/// there only when the database stays away.
public final class AppendFaults: Sendable {
    public enum Fault: Sendable {
        /// Nothing is sent: ``AppendError/failed(_:)`` with an error that is an unavailability.
        case unavailable
        /// ``AppendError/unknown(_:)``, and it did not commit.
        case lostOnTheWay
        /// ``AppendError/unknown(_:)``, and it had come to its end: committed, unless there was a conflict.
        case lostAnswer
    }

    private let waiting = Mutex<[Fault]>([])

    public init() {}

    /// Lets the appends after those that are to fail already fail too, one for each fault.
    public func meetNext(_ faults: Fault...) {
        waiting.withLock { $0 += faults }
    }

    func next() -> Fault? {
        waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
