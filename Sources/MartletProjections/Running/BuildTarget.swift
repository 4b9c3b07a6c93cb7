import MartletDomain
import MartletPostgres

/// One build of a projection's tables: which rows say where it stands, and in which schema its tables are.
package struct BuildTarget: Sendable, Equatable {
    package enum Stage: String, Sendable {
        /// The one that is read.
        case live = "live"
        /// The next one, while it is made.
        case building = "building"
        /// The one before, kept in case it is wanted back.
        case previous = "previous"
        /// A past state, made to be looked at.
        case past = "past"
    }

    let build: Int64
    let stage: Stage
    let version: Int
    let partitions: Int
    /// Where Martlet's own tables are.
    let schema: SQLIdentifier
    /// Where the projection's tables are.
    let tables: SQLIdentifier
}

/// What this process holds of a build until somebody else takes it over.
struct PartitionLease: Sendable, Equatable {
    let partition: Int
    let epoch: Int64
    let position: GlobalPosition
    /// Whether the worker before died without moving, so that the next event may kill this one.
    let isSuspect: Bool
}
