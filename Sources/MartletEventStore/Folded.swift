import MartletDomain

/// An aggregate's state, and what there is to know about it besides where it stands.
struct Folded<A: Aggregate>: Sendable {
    private(set) var loaded = Loaded<A>()
    /// The state's estimated size in bytes.
    var size = 0
    /// What was folded since the last snapshot that was read or taken.
    private(set) var eventsSinceSnapshot = 0
    private(set) var bytesSinceSnapshot = 0
    /// Whether this very call has read it; otherwise others may have moved the stream on meanwhile.
    var isCurrent = true
    /// Whether others had written when it was last caught up, and so may well have again.
    private(set) var isContested = false

    init() {}

    init(_ state: A, from snapshot: StoredSnapshot) {
        loaded.state = state
        loaded.receipt = Receipt(version: snapshot.version, position: snapshot.position)
        size = snapshot.state.count
    }

    var state: A { loaded.state }
    var receipt: Receipt { loaded.receipt }

    /// Moves the state on by the events that follow it.
    /// - Throws: ``EventStoreError``, with the state left at the event before the one at fault.
    mutating func fold(_ events: some Sequence<StoredEvent>, _ codec: EventCodec) throws(EventStoreError) {
        for stored in events {
            let expected = receipt.version.rawValue + 1
            guard stored.version.rawValue == expected else {
                throw .corrupt("stream \"\(stored.stream)\": expected version \(expected), found \(stored.version)")
            }
            if let recorded = try codec.decode(stored, of: A.self) { loaded.state.apply(recorded.event) }
            loaded.receipt = Receipt(version: stored.version, position: stored.position)
            size += stored.payload.count
            eventsSinceSnapshot += 1
            bytesSinceSnapshot += stored.payload.count
        }
    }

    /// Moves a remembered state on by what has come since.
    mutating func catchUp(_ events: some Collection<StoredEvent>, _ codec: EventCodec) throws(EventStoreError) {
        try fold(events, codec)
        (isCurrent, isContested) = (true, !events.isEmpty)
    }

    /// Whether the next snapshot is to be taken.
    func isDue(by policy: SnapshotPolicy) -> Bool {
        policy.isDue(after: eventsSinceSnapshot, bytes: bytesSinceSnapshot)
    }

    mutating func tookSnapshot() { (eventsSinceSnapshot, bytesSinceSnapshot) = (0, 0) }
}
