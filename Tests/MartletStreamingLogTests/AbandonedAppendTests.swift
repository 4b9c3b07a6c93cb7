import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

/// A statement whose link is lost may still be run by the server, later than anybody waits for it.
struct AbandonedAppendTests {
    private let place = TopicPartition("orders", 0)

    private func lane(of producer: ProducerID) -> Lane.ID { Lane.ID(producer: producer, epoch: 0, partition: place) }

    private func withAppender(_ body: (LogAppender, LateStorage, EmbeddedLog) async throws -> Void) async throws {
        let log = EmbeddedLog.inMemory()
        try await log.create(Topic("orders", partitions: 1))
        let storage = LateStorage(log.storage)
        try await body(LogAppender(storage, patience: .milliseconds(50)), storage, log)
    }

    @Test(arguments: [nil, 10] as [Int64?])
    func `what is sent behind records that were given up is not taken for them`(sequence: Int64?) async throws {
        try await withAppender { appender, storage, log in
            let first = try #require(await appender.append([(lane(of: "p"), [Record("a", "0")])]).first)
            #expect(try first.get() == [0])
            storage.goesAway()
            let lost = try #require(await appender.append([(lane(of: "p"), given(up: sequence))]).first)
            #expect(throws: StreamingLogError.self) { try lost.get() }
            storage.comesBack(runningLostBehindLastSequences: true)
            let next = [Record("a", "4"), Record("a", "5")]
            let kept = try #require(await appender.append([(lane(of: "p"), next)]).first)
            #expect(try kept.get() == [4, 5])
            #expect(try await log.records(of: place).map(\.text) == ["0", "1", "2", "3", "4", "5"])
        }
    }

    @Test func `a producer that is forgotten in the log counts on above what was given up`() async throws {
        try await withAppender { appender, storage, log in
            _ = await appender.append([(lane(of: "p"), [Record("a", "0")])])
            storage.goesAway()
            _ = await appender.append([(lane(of: "p"), given(up: nil))])
            storage.comesBack()
            _ = await appender.append([(lane(of: "p"), [Record("a", "4")])])
            try await log.delete("orders")
            try await log.create(Topic("orders", partitions: 1))
            let anew = try #require(await appender.append([(lane(of: "p"), [Record("a", "5")])]).first)
            #expect(try anew.get() == [0])
            try await storage.runLost()
            let next = try #require(await appender.append([(lane(of: "p"), [Record("a", "6")])]).first)
            #expect(try next.get() == [1])
            #expect(try await log.records(of: place).map(\.text) == ["5", "6"])
        }
    }

    @Test func `what was given up is remembered however many others send`() throws {
        var state = LogAppenderState()
        #expect(send([lane(of: "p")], by: &state).first?.last == nil)
        let others = (0...10_000).map { lane(of: "\($0)") }
        _ = send(others, endingAt: 7, by: &state)
        let found = send([lane(of: "p"), others[0]], by: &state)
        #expect(found.map(\.highest) == [2, -1])
        #expect(found.map(\.last) == [nil, nil])
    }

    /// What the state knew of the lanes when it gave out what they send: three records each, which are given up for nil.
    private func send(
        _ lanes: [Lane.ID], endingAt last: Int64? = nil, by state: inout LogAppenderState
    ) -> [Lane.Sequences] {
        let delivery = Delivery(parts: lanes.count)
        let parts = lanes.enumerated().map { ($1, Lane.Part(given(up: nil), of: delivery, number: $0)) }
        #expect(state.admit(parts) == nil)
        var found: [Lane.Sequences] = []
        while let call = state.takeCall() {
            found += call.batches.map(\.sequences)
            _ = state.finish(call, sequences: call.batches.map { _ in Lane.Sequences(last: last, highest: last ?? 2) })
            state.isLingering = false
        }
        return found
    }

    private func given(up sequence: Int64?) -> [Record] {
        (0..<3).map { number in Record("a", "\(number + 1)", sequence: sequence.map { $0 + number }) }
    }
}

/// Loses the link behind the first append that it gets while it is away, and runs that one when it is told to.
private final class LateStorage: AppendStorage {
    private struct State {
        var isAway = false
        var runsLostBehindLastSequences = false
        var lost: (batches: [RecordBatch], topic: TopicName)?
    }

    let base: any LogStorage
    private let state = Mutex(State())

    init(_ base: any LogStorage) { self.base = base }

    func goesAway() { state.withLock { $0.isAway = true } }

    /// - Parameter late: whether what was lost runs when the last sequences have been asked for, before anything else.
    func comesBack(runningLostBehindLastSequences late: Bool = false) {
        state.withLock { ($0.isAway, $0.runsLostBehindLastSequences) = (false, late) }
    }

    func runLost() async throws(StreamingLogError) {
        let lost = state.withLock { state in
            defer { state.lost = nil }
            return state.lost
        }
        if let (batches, topic) = lost { _ = try await base.append(batches, to: topic) }
    }

    func lastSequences(of producer: ProducerID, in topic: TopicName) async throws(StreamingLogError) -> [Int64] {
        let lasts = try await base.lastSequences(of: producer, in: topic)
        if state.withLock(\.runsLostBehindLastSequences) { try await runLost() }
        return lasts
    }

    func append(_ batches: [RecordBatch], to topic: TopicName) async throws(StreamingLogError) -> [BatchVerdict] {
        let isAway = state.withLock { state in
            if state.isAway, state.lost == nil { state.lost = (batches, topic) }
            return state.isAway
        }
        guard !isAway else { throw .database(PostgresError(sqlState: .connectionFailure, message: "lost")) }
        return try await base.append(batches, to: topic)
    }
}
