import MartletDomain
import MartletPostgres

/// What somebody who waits for the projection has of it.
extension PartitionWorker {
    /// Whether somebody waits for what is seen and not stored yet.
    func isAwaited(after stored: GlobalPosition, upTo seen: GlobalPosition) -> Bool {
        target.stage == .live
            && surroundings.standings.isAwaited(writer.declaration.name, after: stored, upTo: seen)
    }

    /// Writes down for this process where the partition stands.
    func stands(at position: GlobalPosition) {
        guard target.stage == .live else { return }
        surroundings.standings.stands(writer.declaration.name, checkpoint.partition, at: position)
    }

    func leaves() {
        guard target.stage == .live else { return }
        surroundings.standings.leaves(writer.declaration.name, checkpoint.partition)
    }

    /// Tells other processes that the partitions of this one have reached what they asked for. Nobody who waits, no
    /// notification: NOTIFY takes a lock of the whole server when it commits.
    func tellWaiters() async throws {
        guard target.stage == .live, surroundings.standings.takeReached(writer.declaration.name) else { return }
        try await surroundings.pool.query(
            ProgressMessage.reached(writer.declaration.name).notification(in: target.schema))
    }
}
