import FoundationEssentials
import MartletEventStore
import MartletPostgres

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
    /// Who this process is among those that share the work.
    let member = UUID()
    /// How long a process that says nothing more keeps its partitions.
    let lease: Duration
    /// Told of what an operator should know.
    let incidents: IncidentReport

    package init(
        store: EventStore, pool: ConnectionPool, schema: SQLIdentifier, readModels: SQLIdentifier, lease: Duration,
        incidents: IncidentReport
    ) {
        (self.store, self.pool, self.schema, self.readModels) = (store, pool, schema, readModels)
        (self.lease, self.incidents) = (lease, incidents)
        signal = store.storage.signal
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
