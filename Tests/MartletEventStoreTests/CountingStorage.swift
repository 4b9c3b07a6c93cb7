import Martlet
import Synchronization

@testable import MartletEventStore

/// A storage that counts what is asked of another one, and may do otherwise with snapshots.
final class CountingStorage: EventStorage {
    struct Counts: Equatable {
        var streamReads = 0
        var snapshotReads = 0
        var events = 0
        var appends = 0
        var reads: Int { streamReads + snapshotReads }
    }

    private let storage: any EventStorage
    private let state = Mutex(Counts())
    typealias SnapshotWrite = @Sendable ([StoredSnapshot]) async throws(EventStoreError) -> Void
    private let snapshotWrite: SnapshotWrite?

    init(_ storage: any EventStorage, writingSnapshots snapshotWrite: SnapshotWrite? = nil) {
        self.storage = storage
        self.snapshotWrite = snapshotWrite
    }

    var counts: Counts { state.withLock { $0 } }

    /// What `body` asks for.
    func counting(_ body: () async throws -> Void) async rethrows -> Counts {
        let before = counts
        try await body()
        let after = counts
        return Counts(
            streamReads: after.streamReads - before.streamReads,
            snapshotReads: after.snapshotReads - before.snapshotReads, events: after.events - before.events,
            appends: after.appends - before.appends)
    }

    func append(_ unit: AppendUnit) async -> AppendOutcome {
        state.withLock { $0.appends += 1 }
        return await storage.append(unit)
    }

    func readStream(_ stream: StreamName, _ page: StreamPage) async throws(EventStoreError) -> [StoredEvent] {
        let events = try await storage.readStream(stream, page)
        state.withLock {
            $0.streamReads += 1
            $0.events += events.count
        }
        return events
    }

    func readSnapshot(
        of stream: StreamName, stateVersion: Int, asOf: AsOf?, limit: Int
    ) async throws(EventStoreError) -> SnapshotPage {
        let page = try await storage.readSnapshot(of: stream, stateVersion: stateVersion, asOf: asOf, limit: limit)
        state.withLock {
            $0.snapshotReads += 1
            $0.events += page.events.count
        }
        return page
    }

    func writeSnapshots(_ snapshots: [StoredSnapshot]) async throws(EventStoreError) {
        guard let snapshotWrite else { return try await storage.writeSnapshots(snapshots) }
        try await snapshotWrite(snapshots)
    }

    func readLog(_ page: LogPage) async throws(EventStoreError) -> LogPage.Answer { try await storage.readLog(page) }

    func head() async throws(EventStoreError) -> GlobalPosition { try await storage.head() }

    var signal: AppendSignal { storage.signal }

    func close(_ stream: StreamName, expecting: ExpectedVersion) async throws(EventStoreError) -> CloseOutcome {
        try await storage.close(stream, expecting: expecting)
    }

    func archive(_ stream: StreamName) async throws(EventStoreError) -> Int? { try await storage.archive(stream) }

    func forgetCommands(olderThan age: Duration) async throws(EventStoreError) -> Int {
        try await storage.forgetCommands(olderThan: age)
    }
}
