import MartletDomain
import MartletEventStore
import MartletPostgres

extension Rebuild {
    /// Makes the build live. What the live one has come further meanwhile is applied in the swap's own transaction,
    /// while nobody can move it, so that readers never see a row go back.
    func swap(_ fill: inout BuildFill<Writer>, _ begun: Begun) async throws {
        let (live, new) = (contents(begun.live), contents(begun.new))
        try await new.analyze()
        tally.begin(.swapping, at: fill.position, target: fill.position)
        for _ in 0..<100 {
            let positions = fill.positions
            do {
                try await swapping.insisting { transaction, wait in
                    try await checkEntitled(begun, in: transaction)
                    let theirs = try await live.positions(in: transaction, lock: "FOR UPDATE")
                    try await apply(from: positions, upTo: ends(positions, theirs, begun), begun, in: transaction)
                    try await options.atStep(.swapping)
                    tally.swapped = begun.new.target.build
                    try await swapping.replace(begun.live, by: begun.new, wait, in: transaction)
                }
                await surroundings.progress.wake()
                return await surroundings.signal.wake()
            } catch is Behind {
                try await fill.run(upTo: try await surroundings.store.head())
            }
        }
        throw RebuildError.tablesInUse(projection: name, tried: tally.elapsed)
    }

    /// Too much is missing, or an event has to be parked: that is not done while others wait.
    private struct Behind: Error {}

    /// That nobody has taken the new build over, or put another one in the live one's place, while this process slept.
    private func checkEntitled(_ begun: Begun, in transaction: Transaction) async throws {
        let builds = [begun.live.target.build, begun.new.target.build]
        let stages = try await transaction.query(
            """
            SELECT build, stage FROM \(surroundings.schema).projection_builds
            WHERE build = ANY (\(builds)) ORDER BY build FOR NO KEY UPDATE
            """
        ).map { row in try row.decode(Int64.self, String.self) }
        func has(_ target: BuildTarget) -> Bool { stages.contains { $0 == (target.build, target.stage.rawValue) } }
        guard has(begun.new.target) else { throw Checkpoint.Fenced() }
        guard has(begun.live.target) else { throw RebuildError.liveChanged(projection: name) }
        let epochs = try await transaction.query(
            """
            SELECT epoch FROM \(surroundings.schema).projection_partitions
            WHERE build = \(begun.new.target.build) ORDER BY partition FOR UPDATE
            """
        ).map { row in try row.decode(Int64.self) }
        guard epochs == begun.leases.map(\.epoch) else { throw Checkpoint.Fenced() }
    }

    /// Where each partition has to stand so that no row is older than the live one's.
    private func ends(_ ours: [GlobalPosition], _ theirs: [GlobalPosition], _ begun: Begun) -> [GlobalPosition] {
        // Another version may give the same event another key, which is of another partition.
        if begun.live.target.version == begun.new.target.version, ours.count == theirs.count {
            return zip(ours, theirs).map { max($0, $1) }
        }
        let farthest = theirs.max() ?? .start
        return ours.map { max($0, farthest) }
    }

    private func apply(
        from ours: [GlobalPosition], upTo ends: [GlobalPosition], _ begun: Begun, in transaction: Transaction
    ) async throws {
        let start = zip(ours, ends).filter { $0 < $1 }.map(\.0).min()
        guard let start, let end = ends.max() else { return }
        guard end.rawValue - start.rawValue <= 2000 else { throw Behind() }
        let stored = try await surroundings.store.logPage(after: start, limit: Int(end.rawValue - start.rawValue))
        let events = stored.compactMap { writer.route($0, surroundings.store) }
        for (lease, (old, new)) in zip(begun.leases, zip(ours, ends)) where old < new {
            let mine = events.filter { event in
                event.position > old && event.position <= new
                    && event.key.partition(of: ours.count) == lease.partition
            }
            do {
                let seen = stored.filter { $0.position == new }
                try await apply(mine, lease, begun.new.target, from: old, to: new, seen, in: transaction)
            } catch let error where error.isOfTheEvent && !(error is Checkpoint.Fenced) { throw Behind() }
        }
    }

    private func apply(
        _ events: [RoutedEvent<Writer.Input>], _ lease: PartitionLease, _ target: BuildTarget,
        from old: GlobalPosition, to new: GlobalPosition, _ seen: [StoredEvent], in transaction: Transaction
    ) async throws {
        let place = FillPlace(surroundings: surroundings, target: target, lease: lease, sampleSize: 0)
        _ = try await place.checkpoint.move(from: old, to: new, seen: seen, in: transaction)
        let keys = try await place.deadLetters.parkedKeys(in: transaction)
        place.deadLetters.enqueueWaiting(events.filter { keys.contains($0.key) }, in: transaction)
        let free = events.filter { !keys.contains($0.key) }
        if !free.isEmpty { try await writer.write(free, in: transaction) }
    }
}
