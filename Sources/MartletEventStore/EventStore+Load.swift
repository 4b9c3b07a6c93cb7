public import MartletDomain

/// An aggregate's state with the place in its stream that it was folded to.
public struct Loaded<A: Aggregate>: Sendable {
    public var state = A()
    /// Where the stream stood: ``StreamVersion/none`` without events.
    public var receipt = Receipt(version: .none, position: .start)
}

extension EventStore {
    /// Folds the events of a stream into its aggregate, as they stand now.
    ///
    /// Only those are read that follow the state which this process remembers, or the last snapshot.
    /// - Throws: ``EventStoreError``.
    public func load<A: Aggregate>(_ id: StreamID<A>) async throws(EventStoreError) -> Loaded<A> {
        try await current(cache.state(of: id), of: id).loaded
    }

    /// Folds what had happened to an aggregate by some moment in the past.
    ///
    /// The aggregate's last snapshot is used when it had been reached by then; else this folds from the start.
    /// - Throws: ``EventStoreError``.
    public func load<A: Aggregate>(
        _ id: StreamID<A>, asOf moment: AsOf
    ) async throws(EventStoreError) -> Loaded<A> {
        try await read(id, asOf: moment).folded.loaded
    }

    /// The aggregate as the stream stands now, from what is known of it already if there is anything.
    func current<A: Aggregate>(
        _ known: Folded<A>?, of id: StreamID<A>
    ) async throws(EventStoreError) -> Folded<A> {
        if let known {
            if var folded = try await caughtUp(known, of: id) {
                remember(&folded, of: id)
                return folded
            }
            cache.drop(id)
        }
        var (folded, isSnapshotUseless) = try await read(id)
        remember(&folded, of: id, takingSnapshot: isSnapshotUseless)
        return folded
    }

    /// Moves a state on by the events after it; nil when the stream is not the one that it was folded from, as after
    /// the database was set back, or is so far ahead that a snapshot may help.
    private func caughtUp<A: Aggregate>(
        _ known: Folded<A>, of id: StreamID<A>
    ) async throws(EventStoreError) -> Folded<A>? {
        // From the state's own last event on, which proves that it stands where it stood.
        let previous = StreamVersion(rawValue: known.receipt.version.rawValue - 1)
        guard previous >= .none else { return nil }
        let page = try await storage.readStream(id.name, StreamPage(from: previous, limit: Self.pageSize))
        guard let last = page.first, last.version == known.receipt.version, last.position == known.receipt.position,
            page.count < Self.pageSize
        else { return nil }
        var folded = known
        try folded.catchUp(page.dropFirst(), codec)
        return folded
    }

    /// Folds a stream from its snapshot, or its start, and says whether there was a snapshot that cannot be decoded.
    private func read<A: Aggregate>(
        _ id: StreamID<A>, asOf moment: AsOf? = nil
    ) async throws(EventStoreError) -> (folded: Folded<A>, isSnapshotUseless: Bool) {
        if let flaw = id.name.flaw { throw .invalidStream(id.name, flaw: flaw) }
        var (folded, isSnapshotUseless) = (Folded<A>(), false)
        if let type = A.self as? any Snapshotting.Type {
            let page = try await storage.readSnapshot(
                of: id.name, stateVersion: type.snapshotVersion, asOf: moment, limit: Self.pageSize)
            let decoded: Folded<A>? = page.snapshot.flatMap { decode($0, as: type) }
            isSnapshotUseless = page.snapshot != nil && decoded == nil
            if !isSnapshotUseless {
                folded = decoded ?? folded
                try folded.fold(page.events, codec)
                if page.events.count < Self.pageSize { return (folded, false) }
            }
        }
        try await fold(id, into: &folded, asOf: moment)
        return (folded, isSnapshotUseless)
    }

    private func fold<A: Aggregate>(
        _ id: StreamID<A>, into folded: inout Folded<A>, asOf moment: AsOf?
    ) async throws(EventStoreError) {
        while true {
            let page = try await storage.readStream(
                id.name, StreamPage(from: folded.receipt.version, asOf: moment, limit: Self.pageSize))
            try folded.fold(page, codec)
            if page.count < Self.pageSize { return }
        }
    }

    private func decode<A: Aggregate, S: Snapshotting>(_ snapshot: StoredSnapshot, as type: S.Type) -> Folded<A>? {
        do {
            // S is A, which the compiler cannot know.
            return try (SnapshotCodec().decode(snapshot.state, as: type) as? A).map { Folded($0, from: snapshot) }
        } catch {
            // The events tell all that it could; but somebody should know, and raise the version.
            snapshots.failed("stream \"\(snapshot.stream)\": the snapshot cannot be decoded: \(error)")
            return nil
        }
    }

    private static var pageSize: Int { 1000 }
}
