import MartletDomain
import Synchronization

/// Writes snapshots behind the commands' backs: nobody waits for it, and nobody fails with it.
///
/// One per process and log, with one statement under way at a time: what is offered meanwhile gathers, a stream's newest
/// only, and is dropped when it becomes too much. A dropped snapshot is offered again when as much has been folded once
/// more.
final class SnapshotWriter: Sendable {
    private struct State {
        var queue = SnapshotQueue()
        var written = 0
        var lastError: String?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let storage: any EventStorage
    private let state = Mutex(State())
    /// The most bytes of states in one statement; what is larger by itself goes alone.
    private static let batchBytes = 1 << 20

    init(_ storage: any EventStorage) {
        self.storage = storage
    }

    var status: SnapshotStatus {
        state.withLock { SnapshotStatus(written: $0.written, dropped: $0.queue.dropped, lastError: $0.lastError) }
    }

    func offer(_ entry: SnapshotQueue.Entry) {
        guard state.withLock({ $0.queue.add(entry) }) else { return }
        Task(priority: .utility) {
            while let batch = state.withLock({ $0.queue.takeBatch() }) { await write(batch) }
            rest()
        }
    }

    /// Returns when nothing waits and nothing is being written.
    func settled() async {
        await withCheckedContinuation { continuation in
            let isResting = state.withLock { state in
                if state.queue.isWriting { state.waiters.append(continuation) }
                return !state.queue.isWriting
            }
            if isResting { continuation.resume() }
        }
    }

    private func rest() {
        let waiters = state.withLock { state in
            // Somebody may have started to write again.
            guard !state.queue.isWriting else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func write(_ batch: [SnapshotQueue.Entry]) async {
        var (encoded, bytes) = ([StoredSnapshot](), 0)
        for entry in batch {
            guard let snapshot = encode(entry) else { continue }
            if bytes + snapshot.state.count > Self.batchBytes {
                await write(encoded)
                (encoded, bytes) = ([], 0)
            }
            encoded.append(snapshot)
            bytes += snapshot.state.count
        }
        await write(encoded)
    }

    private func encode(_ entry: SnapshotQueue.Entry) -> StoredSnapshot? {
        do { return try entry.encode() } catch {
            failed("stream \"\(entry.stream)\": the state cannot be encoded: \(error)")
            return nil
        }
    }

    private func write(_ snapshots: [StoredSnapshot]) async {
        guard !snapshots.isEmpty else { return }
        do throws(EventStoreError) {
            try await storage.writeSnapshots(snapshots)
            state.withLock { $0.written += snapshots.count }
        } catch {
            failed(error.description)
        }
    }

    /// The events are all there; so the operator hears of it, and the callers do not.
    func failed(_ problem: String) { state.withLock { $0.lastError = problem } }
}
