import FoundationEssentials
import MartletEventStore
import MartletPostgres
import Synchronization

/// What all projections of an application read from and write to.
package struct ProjectionSurroundings: Sendable {
    package let store: EventStore
    package let pool: ConnectionPool
    /// Where Martlet's own tables are.
    package let schema: SQLIdentifier
    /// Where the read models are.
    package let readModels: SQLIdentifier
    /// Wakes whoever waits at the log's end.
    let signal: AppendSignal
    /// Wakes whoever waits for a projection of this process to move.
    let progress = AppendSignal()
    let calls = Calls()
    let standings = Standings()
    private let listening = Listening()
    /// Who this process is among those that share the work.
    let member = UUID()
    /// How long a process that says nothing more keeps its partitions.
    let lease: Duration
    /// Told of what an operator should know.
    package let incidents: IncidentReport

    package init(
        store: EventStore, pool: ConnectionPool, schema: SQLIdentifier, readModels: SQLIdentifier, lease: Duration,
        incidents: IncidentReport
    ) {
        (self.store, self.pool, self.schema, self.readModels) = (store, pool, schema, readModels)
        (self.lease, self.incidents) = (lease, incidents)
        signal = store.storage.signal
        signal.hear { [weak signal, standings, progress, calls] text in
            guard let text else {
                // Whatever was said before this session listened, was missed.
                await progress.wake()
                return await calls.wakeAll()
            }
            switch ProgressMessage(text) {
            case .reached: await progress.wake()
            case .claim(let projection): await calls.wake(projection)
            case .asked(let projection, let position):
                guard standings.ask(projection, for: position, isFromElsewhere: true) else { return }
                await signal?.wake()
            case nil: break
            }
        }
    }

    /// From now on listens to what other processes say.
    func listen() async {
        if !listening.isOpen { listening.keep(await signal.join()) }
    }

    /// The schema that a build's tables are in.
    func tables(of stage: BuildTarget.Stage) -> SQLIdentifier {
        switch stage {
        case .live: readModels
        case .building: readModels.appending("_building")
        case .previous: readModels.appending("_previous")
        case .past: readModels.appending("_past")
        }
    }
}

/// The session of a process that waits for others, kept for as long as its application is there.
private final class Listening: Sendable {
    private let following = Mutex<AppendSignal.Following?>(nil)

    var isOpen: Bool { following.withLock { $0 != nil } }

    func keep(_ new: AppendSignal.Following) { following.withLock { $0 = $0 ?? new } }
}
