import MartletDomain

/// The snapshots that wait to be written, as plain data: the newest of each stream, and not many.
struct SnapshotQueue {
    /// A state that is encoded when its turn comes.
    struct Entry: Sendable {
        let stream: StreamName
        let version: StreamVersion
        let encode: @Sendable () throws -> StoredSnapshot
    }

    let limit: Int
    private var waiting: [StreamName: Entry] = [:]
    private(set) var isWriting = false
    private(set) var dropped = 0

    init(limit: Int = 64) {
        self.limit = limit
    }

    /// Takes a snapshot in, or drops it when too many wait; true when somebody has to start writing.
    mutating func add(_ entry: Entry) -> Bool {
        if let present = waiting[entry.stream] {
            if present.version < entry.version { waiting[entry.stream] = entry }
            return false
        }
        guard waiting.count < limit else {
            dropped += 1
            return false
        }
        waiting[entry.stream] = entry
        defer { isWriting = true }
        return !isWriting
    }

    /// Takes all out that wait; nil when there are none, and writing is over then.
    mutating func takeBatch() -> [Entry]? {
        guard !waiting.isEmpty else {
            isWriting = false
            return nil
        }
        defer { waiting.removeAll(keepingCapacity: true) }
        return Array(waiting.values)
    }
}
