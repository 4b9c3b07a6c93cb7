import MartletDomain
import MartletEventStore
import MartletPostgres

/// One partition of a build, filled from the log in bulk.
package protocol PartitionFill<Input>: Actor {
    associatedtype Input: EventInput

    /// Takes the partition's next events. They may be kept in memory until the next flush.
    ///
    /// An event that cannot be projected is parked with its key, or ends the fill, as the projection says.
    /// - Parameter end: the event of the log up to which everything was looked at, whoever takes it.
    func take(_ events: [RoutedEvent<Input>], upTo end: StoredEvent) async throws

    /// What a flush could free, in bytes, about.
    var memory: Int { get }

    /// Commits what was taken, with the checkpoint.
    /// - Parameter isForgetting: whether the rows leave the memory, too.
    func flush(forgetting isForgetting: Bool) async throws

    /// Takes a new sample, without the keys that are parked.
    func restartSample() async throws

    /// Folds events for the sample only.
    func recall(_ events: [RoutedEvent<Input>])

    /// Compares the sample with the table as it is committed; nil when this kind of projection has none.
    func checkSample() async throws -> SampleVerdict?
}

/// What became of rows that were folded apart from their table.
package struct SampleVerdict: Sendable {
    var keys = 0
    /// Whether there are keys of which it says nothing.
    var hasLeftOut = false
    /// Those whose rows in the table are others.
    var different: [String] = []

    static func + (one: SampleVerdict, other: SampleVerdict) -> SampleVerdict {
        SampleVerdict(
            keys: one.keys + other.keys, hasLeftOut: one.hasLeftOut || other.hasLeftOut,
            different: one.different + other.different)
    }
}

/// Where a partition of a build is written, and how it is fenced.
package struct FillPlace: Sendable {
    let surroundings: ProjectionSurroundings
    let target: BuildTarget
    let lease: PartitionLease
    let sampleSize: Int

    var checkpoint: Checkpoint { Checkpoint(target: target, partition: lease.partition, epoch: lease.epoch) }
    var deadLetters: DeadLetters { DeadLetters(target: target, partition: lease.partition) }

    /// Commits effects with the checkpoint.
    /// - Parameter last: the log's event where it moves to, which has to stand there: what was read from a server that
    ///   is gone may never have come to this one.
    func commit(
        from old: GlobalPosition, upTo last: StoredEvent,
        isolation: isolated (any Actor)? = #isolation, _ write: (Transaction) async throws -> Void
    ) async throws {
        try await surroundings.pool.transaction { transaction in
            _ = try await checkpoint.move(from: old, to: last.position, seen: [last], in: transaction)
            // Nobody waits for what it holds, and encoding many rows on a busy machine takes its time.
            transaction.enqueue("SELECT set_config('idle_in_transaction_session_timeout', '60s', true)")
            try await write(transaction)
        }
    }

    func parkedKeys(isolation: isolated (any Actor)? = #isolation) async throws -> Set<String> {
        try await surroundings.pool.transaction { transaction in try await deadLetters.parkedKeys(in: transaction) }
    }

    /// Lets an ordinary worker take over for a stretch of the log with an event that cannot be projected: it tries,
    /// parks and stops as for the live build.
    /// - Parameter isSuspect: whether an event may end the process, so that tries are counted before they are made.
    func overcome(
        from position: GlobalPosition, upTo end: GlobalPosition, isSuspect: Bool, _ writer: some ReadModelWriter
    ) async throws {
        let tenure = PartitionTenure(
            PartitionLease(partition: lease.partition, epoch: lease.epoch, position: position, isSuspect: isSuspect))
        var worker = PartitionWorker(
            writer, surroundings, target, tenure,
            LogPages(writer, surroundings.store, partitions: target.partitions), upTo: end)
        switch try await worker.run() {
        case .done: return
        case .fenced: throw Checkpoint.Fenced()
        case .stopped(let reason):
            throw RebuildError.cannotPass(projection: writer.declaration.name, reason: reason)
        }
    }
}
