import MartletDomain
import MartletEventStore
import MartletPostgres
import MartletProjections
import Synchronization

/// What everything that one process manager does in this process shares.
struct ProcessSurroundings<P: ProcessManager>: Sendable {
    let store: EventStore
    let pool: ConnectionPool
    let schema: SQLIdentifier
    let reactor = Reactor(P.self)
    let gates: [String: ProviderGate]
    let bells = Bells()
    /// Where those that may be what ended a process go in one after the other.
    let suspects = (commands: Turnstile(limit: 1), calls: Turnstile(limit: 1))
    let turns = StreamTurns()
    let time: TimeSource
    let incidents: IncidentReport

    /// The id of an instance that can be kept.
    /// - Throws: ``ProcessFlaw/invalidKey(_:of:flaw:)``.
    func instance(_ key: String) throws(ProcessFlaw) -> Journal<P>.ID {
        let id = Journal<P>.ID(key)
        if let flaw = id.name.flaw { throw .invalidKey(key, of: P.name, flaw: flaw) }
        guard id.name.description.utf8.count <= Self.longestName else {
            throw .invalidKey(
                key, of: P.name,
                flaw: "expected a stream of at most \(Self.longestName) bytes, found \(id.name.description.utf8.count)")
        }
        return id
    }

    /// Leaves room for what makes it the id of a command.
    private static var longestName: Int { CommandID.maximumLength - 40 }

    /// Appends to an instance's journal, once under an id.
    /// - Returns: false when something else stands under the id: another process was faster.
    @discardableResult
    func record(_ event: JournalEvent, on instance: Journal<P>.ID, as id: CommandID, _ metadata: Metadata = .none)
        async throws(AppendError) -> Bool
    {
        do throws(AppendError) {
            try await store.append([event], to: instance, expecting: .any, metadata: metadata, as: id)
            return true
        } catch {
            if case .failed(.commandIDReused) = error { return false }
            throw error
        }
    }
}

/// Wakes those who deliver what a partition's batches have led to.
final class Bells: Sendable {
    private let signals = Mutex<[Int: AppendSignal]>([:])

    subscript(_ partition: Int) -> AppendSignal {
        signals.withLock { signals in
            let signal = signals[partition] ?? AppendSignal()
            signals[partition] = signal
            return signal
        }
    }

    func wakeAll() async {
        for signal in signals.withLock({ Array($0.values) }) { await signal.wake() }
    }
}

/// The clock by which timers are due: the database's, or one that a test moves.
package struct TimeSource: Sendable {
    package typealias Listener = @Sendable () async -> Void

    package let now: @Sendable () -> SQL
    /// Has a listener told whenever the clock was moved on otherwise than by time itself.
    let whenMoved: @Sendable (@escaping Listener) -> Void

    package init(
        _ now: @escaping @Sendable () -> SQL, whenMoved: @escaping @Sendable (@escaping Listener) -> Void = { _ in }
    ) {
        (self.now, self.whenMoved) = (now, whenMoved)
    }

    package static let database = TimeSource({ "clock_timestamp()" })
}
