public import MartletDomain
import MartletEventStore
import MartletPostgres
package import MartletProjections

/// One process manager of an application: to ask how its instances are doing, and to operate them.
public struct ProcessHandle: Sendable {
    public let name: String
    /// Follows the log for it, as for a projection.
    package let follower: ProjectionHandle
    let pool: ConnectionPool
    let schema: SQLIdentifier
    let patience: Duration
    /// Appends an operator's decision to an instance's journal.
    let record: @Sendable (JournalEvent, String) async throws -> Receipt

    init<P: ProcessManager>(_ surroundings: ProcessSurroundings<P>, in projections: ProjectionSurroundings) {
        (name, pool, schema, patience) = (P.name, surroundings.pool, surroundings.schema, P.patience)
        follower = ProjectionHandle(ProcessWriter(surroundings), in: projections)
        record = { event, key in
            try await surroundings.store.append([event], to: try surroundings.instance(key), expecting: .any)
        }
    }

    /// Waits until the process manager has reacted to what a command did; false when that takes longer than the limit.
    /// - Throws: `PostgresError`, `CancellationError`.
    public func caughtUp(to receipt: Receipt, within limit: Duration = .seconds(5)) async throws -> Bool {
        try await follower.caughtUp(to: receipt, within: limit)
    }
}
