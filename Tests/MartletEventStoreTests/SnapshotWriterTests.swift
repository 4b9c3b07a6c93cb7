import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

@Suite(.tags(.database)) struct SnapshotWriterTests {
    @Test func `snapshots that cannot be written fail nobody's command, and are told of`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let storage = CountingStorage(application.store.storage) { _ throws(EventStoreError) in
                throw .corrupt("no room")
            }
            let store = EventStore(storage)
            for _ in 0..<10 { try await store.execute(.add(1), on: Tally<EveryEvent>.ID("a")) }
            await store.snapshotsSettled()
            #expect(store.snapshotStatus.written == 0)
            #expect(store.snapshotStatus.lastError?.contains("no room") == true)
            #expect(try await store.load(Tally<EveryEvent>.ID("a")).state.sum == 10)
        }
    }

    @Test func `while a write hangs commands go on, one write is under way, and what is too much is dropped`()
        async throws
    {
        try await ThrowawayDatabase.withApplication { application in
            let (entered, entries) = AsyncStream.makeStream(of: Int.self)
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let storage = CountingStorage(application.store.storage) { snapshots throws(EventStoreError) in
                entries.yield(snapshots.count)
                for await _ in gate { break }
            }
            let store = EventStore(storage)
            try await store.execute(.add(1), on: Tally<EveryEvent>.ID("first"))
            var writes = entered.makeAsyncIterator()
            #expect(await writes.next() == 1)
            for number in 0..<100 {
                for _ in 0..<2 { try await store.execute(.add(1), on: Tally<EveryEvent>.ID("\(number)")) }
            }
            #expect(store.snapshotStatus.dropped == 2 * 36)
            // The next write comes when the first has ended, with what has gathered.
            open.finish()
            #expect(await writes.next() == 64)
            await store.snapshotsSettled()
            #expect(store.snapshotStatus.written == 65)
        }
    }
}
