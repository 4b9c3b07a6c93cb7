import Martlet
import MartletEventStore

/// One instance of a process manager on its way through a log, moved as in production but without its tables.
struct InstanceRun<P: ProcessManager>: Sendable {
    private let reactor: Reactor<P.Input>
    private let store = EventStore.inMemory()
    private let sources = Incoming<P>.sources
    /// The instance's, once it was started.
    private(set) var key: String?
    private(set) var instance: Instance?

    init(by reactor: Reactor<P.Input> = Reactor(P.self)) { self.reactor = reactor }

    /// An event of another instance.
    struct Elsewhere: Error, CustomStringConvertible {
        let key: String
        let expected: String

        var description: String {
            "expected what comes in to instance \"\(expected)\" of \(P.self), found an event of instance \"\(key)\""
        }
    }

    /// Moves the instance, unless that fails; nil for an event that is for none.
    /// - Throws: ``Elsewhere``, and why the process cannot react.
    mutating func take(_ stored: StoredEvent) throws -> Reaction? {
        guard let input = try store.decode(stored, from: sources), let place = input.instance else {
            return nil
        }
        if let key, key != place { throw Elsewhere(key: place, expected: key) }
        var moved = instance
        let reaction =
            switch input {
            case .event(let event): try reactor.take(event, at: stored.recordedAt, &moved)
            case .journal(let recorded): try reactor.take(recorded.event, at: stored.recordedAt, &moved)
            }
        instance = moved
        if moved != nil { key = place }
        return reaction
    }

    /// What a process finds that is started after another has died.
    mutating func restart() throws {
        guard let before = instance else { return }
        instance = try before.stored()
    }
}
