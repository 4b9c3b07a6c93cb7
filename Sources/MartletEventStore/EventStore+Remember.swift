import MartletDomain

extension EventStore {
    /// What the cache of aggregates holds, and how often it helped.
    public var cacheStatus: CacheStatus { cache.status }

    /// What has become of the snapshots that this store has taken.
    public var snapshotStatus: SnapshotStatus { snapshots.status }

    /// Returns when the snapshots that were due have been written, or have failed.
    package func snapshotsSettled() async { await snapshots.settled() }

    /// Keeps a state that was read for the next command, and takes a snapshot of it when one is due.
    func remember<A: Aggregate>(_ folded: inout Folded<A>, of id: StreamID<A>, takingSnapshot isForced: Bool = false) {
        // A dynamic cast takes 0.15 us, so that an aggregate need only adopt the protocol.
        let type = A.self as? any Snapshotting.Type
        guard let type, isForced || folded.isDue(by: type.snapshotPolicy) else { return cache.keep(folded, of: id) }
        folded.tookSnapshot()
        // First, because encoding corrects the size that is kept with it.
        cache.keep(folded, of: id)
        takeSnapshot(of: folded, id, as: type)
    }

    /// Keeps the state that a stream has come to by an append of ours.
    ///
    /// The events are read back from what was stored of them, so that the state is what anyone would load.
    func remember<A: Aggregate>(
        _ folded: Folded<A>, and appended: AppendUnit.Stream, until end: Receipt, of id: StreamID<A>
    ) {
        guard cache.isOn || A.self is any Snapshotting.Type else { return }
        var folded = folded
        do throws(EventStoreError) {
            try folded.fold(appended.stored(until: end), codec)
            remember(&folded, of: id)
        } catch {
            // The append has happened; whoever loads the aggregate next meets the same problem, and says so.
            cache.drop(id)
        }
    }

    private func takeSnapshot<A: Aggregate, S: Snapshotting>(of folded: Folded<A>, _ id: StreamID<A>, as _: S.Type) {
        // S is A, which the compiler cannot know.
        guard let state = folded.state as? S else { return }
        let (receipt, estimate) = (folded.receipt, folded.size)
        let entry = SnapshotQueue.Entry(stream: id.name, version: receipt.version) { [cache] in
            let bytes = try SnapshotCodec().encode(state)
            cache.correctSize(of: id, from: estimate, to: bytes.count)
            return StoredSnapshot(
                stream: id.name, stateVersion: S.snapshotVersion, version: receipt.version,
                position: receipt.position, state: bytes)
        }
        snapshots.offer(entry)
    }
}

extension AppendUnit.Stream {
    /// The events as they stand in the log, now that they end there; but for the time, which only the database knows.
    fileprivate func stored(until end: Receipt) -> [StoredEvent] {
        events.enumerated().map { index, event in
            let following = Int64(events.count - 1 - index)
            return StoredEvent(
                position: GlobalPosition(rawValue: end.position.rawValue - following),
                version: StreamVersion(rawValue: end.version.rawValue - following),
                recordedAt: .distantPast, id: event.id, stream: name, type: event.type,
                typeVersion: Int(event.typeVersion), payload: event.payload, metadata: event.metadata)
        }
    }
}
