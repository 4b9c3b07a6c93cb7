import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

/// A server that is stopped while its kernel goes on acknowledging neither answers nor loses the link.
struct HangingAppendTests {
    private let lane = Lane.ID(producer: "p", epoch: 0, partition: TopicPartition("orders", 0))

    @Test func `what waits behind a call that hangs is refused, and what hangs is given up`() async throws {
        let log = EmbeddedLog.inMemory()
        try await log.create(Topic("orders", partitions: 1))
        let storage = HangingStorage(log.storage)
        let appender = LogAppender(storage, patience: .milliseconds(300))
        let end = Task { await storage.goesOn(after: .seconds(20)) }
        defer { end.cancel() }
        async let hanging = appender.append([(lane, [Record("a", "1")])])
        await storage.untilOneHangs()
        async let waiting = appender.append([(lane, [Record("a", "2")])])
        let refusal = try #require(await waiting.first)
        guard case .failure(.overloaded(waiting: 0)) = refusal else { throw Unexpected(answer: refusal) }
        let unknown = try #require(await hanging.first)
        guard case .failure(.database(let error)) = unknown else { throw Unexpected(answer: unknown) }
        #expect(error.leavesOutcomeUnknown)

        // Nobody is left to be looked after; whoever comes then is not forgotten either.
        let later = try #require(await appender.append([(lane, [Record("a", "3")])]).first)
        guard case .failure(.overloaded(waiting: 0)) = later else { throw Unexpected(answer: later) }

        storage.goesOn()
        try await eventually { try await log.records(in: "orders")[0].map(\.text) == ["1"] }
        let next = try #require(await appender.append([(lane, [Record("a", "4")])]).first)
        #expect(try next.get() == [1])
        #expect(try await log.records(in: "orders")[0].map(\.text) == ["1", "4"])
    }

    private struct Unexpected: Error {
        let answer: Delivery.Answer
    }
}

/// Answers no append before it goes on.
private final class HangingStorage: AppendStorage {
    let base: any LogStorage
    private let hanging = AsyncStream<Void>.makeStream()
    private let stopped = AsyncStream<Void>.makeStream()

    init(_ base: any LogStorage) { self.base = base }

    func untilOneHangs() async { for await _ in hanging.stream { return } }

    func goesOn() { stopped.continuation.finish() }

    /// So that whoever waits for ever has an answer that is not expected, in the end.
    func goesOn(after time: Duration) async {
        do { try await Task.sleep(for: time) } catch { return }
        goesOn()
    }

    func append(_ batches: [RecordBatch], to topic: TopicName) async throws(StreamingLogError) -> [BatchVerdict] {
        hanging.continuation.yield()
        for await _ in stopped.stream {}
        return try await base.append(batches, to: topic)
    }
}
