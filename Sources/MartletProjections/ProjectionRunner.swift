import MartletDomain
import MartletEventStore
import MartletPostgres

/// What a projection reads from and writes to.
package struct ProjectionSurroundings: Sendable {
    let store: EventStore
    let pool: ConnectionPool
    let schema: SQLIdentifier
    let signal: AppendSignal

    package init(store: EventStore, pool: ConnectionPool, schema: SQLIdentifier, signal: AppendSignal) {
        (self.store, self.pool, self.schema, self.signal) = (store, pool, schema, signal)
    }
}

/// Moves one projection along the log: read a batch, project it and move the checkpoint in one transaction, wait.
///
/// Several processes may run the same projection: each batch is guarded by the checkpoint that it was read from, so
/// only one of them commits it, and the others read on from there.
package actor ProjectionRunner<P: Projection> {
    private let projection: P
    private let store: EventStore
    private let pool: ConnectionPool
    private let signal: AppendSignal
    private let checkpoint: Checkpoint
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))
    /// How long it waits for a notification before it looks by itself.
    private let pollInterval: Duration = .seconds(1)
    private static var largestBatch: Int { 500 }

    /// Nil: ask the database, because another process moved it or a commit's outcome is unknown.
    private var position: GlobalPosition?
    /// One after a failure, so that the events before a bad one get through, then doubling.
    private var batchSize = ProjectionRunner.largestBatch
    private var failures = 0
    private var lastError: String?

    package init(_ projection: P, in surroundings: ProjectionSurroundings) {
        self.projection = projection
        store = surroundings.store
        pool = surroundings.pool
        signal = surroundings.signal
        checkpoint = Checkpoint(projection: P.name, schema: surroundings.schema)
    }

    /// Runs until the task is cancelled.
    /// - Throws: `CancellationError`; ``EventStoreError/hole(expected:found:)``, after which nothing can be relied on.
    package func run() async throws {
        while true {
            try Task.checkCancellation()
            let seen = await signal.generation
            do {
                let moved = try await projectBatch()
                succeeded()
                if !moved { await signal.wait(since: seen, atMost: pollInterval) }
            } catch let error as EventStoreError where error.isHole {
                throw error
            } catch {
                try await failed(error)
            }
        }
    }

    package func status() async throws -> ProjectionStatus {
        let position = try await checkpoint.stored(pool) ?? .start
        let head = try await store.head()
        return ProjectionStatus(
            name: P.name, position: position, lag: max(0, head.rawValue - position.rawValue), lastError: lastError)
    }

    /// Projects the next batch; false when there is none.
    private func projectBatch() async throws -> Bool {
        let old = try await currentPosition()
        let batch = try await store.logPage(after: old, limit: batchSize)
        guard let last = batch.last else { return false }
        // Until the commit has been seen, the database alone knows where the projection stands.
        position = nil
        do {
            try await pool.transaction { transaction in
                try await checkpoint.move(from: old, to: last.position, in: transaction)
                for stored in batch {
                    guard let recorded = try store.decode(stored, of: P.Source.self) else { continue }
                    // What the projection appends in turn was caused by this event.
                    try await Metadata.$ambient.withValue(recorded.consequence) {
                        try await projection.project(recorded, in: transaction)
                    }
                }
            }
            position = last.position
        } catch is Checkpoint.Moved {
            // Another process was faster; go on from where it is now.
        }
        return true
    }

    private func currentPosition() async throws -> GlobalPosition {
        if let position { return position }
        let stored = try await checkpoint.load(pool)
        position = stored
        return stored
    }

    private func succeeded() {
        failures = 0
        lastError = nil
        batchSize = min(batchSize * 2, Self.largestBatch)
    }

    private func failed(_ error: any Error) async throws {
        try Task.checkCancellation()
        failures += 1
        lastError = "\(error)"
        batchSize = 1
        try await Task.sleep(for: backoff.delay(after: failures))
    }
}

extension EventStoreError {
    fileprivate var isHole: Bool {
        if case .hole = self { true } else { false }
    }
}
