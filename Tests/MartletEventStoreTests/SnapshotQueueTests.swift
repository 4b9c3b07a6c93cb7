import Martlet
import Testing

@testable import MartletEventStore

struct SnapshotQueueTests {
    private struct Unused: Error {}

    private func entry(_ key: String, _ version: StreamVersion) -> SnapshotQueue.Entry {
        SnapshotQueue.Entry(stream: StreamName(category: "tally", key: key), version: version) { throw Unused() }
    }

    @Test func `only the first one starts the writing, until it is over`() {
        var queue = SnapshotQueue()
        let first = [queue.add(entry("a", 1)), queue.add(entry("b", 1))]
        #expect(first == [true, false])
        let batch = queue.takeBatch()
        #expect(batch?.count == 2)
        let meanwhile = queue.add(entry("c", 1))
        #expect(!meanwhile)
        let batches = [queue.takeBatch()?.count, queue.takeBatch()?.count]
        #expect(batches == [1, nil])
        let afterwards = queue.add(entry("d", 1))
        #expect(afterwards)
    }

    @Test func `the newest of a stream stays, in whatever order they come`() {
        var queue = SnapshotQueue()
        for version in [3, 7, 5] as [StreamVersion] { _ = queue.add(entry("a", version)) }
        let batch = queue.takeBatch()
        #expect(batch?.map(\.version) == [7])
    }

    @Test func `under pressure new streams are dropped, and those that wait still move on`() {
        var queue = SnapshotQueue(limit: 2)
        for key in ["a", "b", "c", "d"] { _ = queue.add(entry(key, 1)) }
        _ = queue.add(entry("a", 2))
        #expect(queue.dropped == 2)
        let batch = queue.takeBatch() ?? []
        #expect(Set(batch.map { "\($0.stream)@\($0.version)" }) == ["tally-a@2", "tally-b@1"])
    }
}
