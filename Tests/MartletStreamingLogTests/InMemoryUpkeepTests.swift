import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

/// What takes days, by a clock that the test sets.
struct InMemoryUpkeepTests {
    private final class Clock: Sendable {
        private let time = Mutex(Date(timeIntervalSince1970: 1_700_000_000))

        var now: Date { time.withLock(\.self) }

        func advance(hours: Double) { time.withLock { $0 += hours * 3600 } }
    }

    private let clock = Clock()
    private let log: EmbeddedLog
    private let place = TopicPartition("orders", 0)

    init() {
        let clock = clock
        log = .inMemory { clock.now }
    }

    private func send(_ records: Record..., thenPass hours: Double) async throws {
        try await log.producer().send(records, to: "orders")
        clock.advance(hours: hours)
        try await log.storage.maintain()
    }

    @Test func `records go by whole segments, once the youngest is old enough`() async throws {
        try await log.create(Topic("orders", partitions: 1, retention: .init(time: .seconds(48 * 3600))))
        // A segment ends when its first record is a day old, with two records.
        for _ in 0..<5 { try await send(Record("a", "x"), thenPass: 12) }
        #expect(try await log.describe("orders").partitions == [.init(beginning: 0, end: 5)])
        clock.advance(hours: 1)
        try await log.storage.maintain()
        #expect(try await log.describe("orders").partitions == [.init(beginning: 2, end: 5)])
        clock.advance(hours: 1000)
        try await log.storage.maintain()
        #expect(try await log.describe("orders").partitions == [.init(beginning: 5, end: 5)])
        #expect(try await log.producer().send(Record("a", "x"), to: "orders").offset == 5)
    }

    @Test func `a producer without a name goes on although the log has forgotten it`() async throws {
        try await log.create(Topic("orders", partitions: 1))
        let (own, named) = (try await log.producer(), try await log.producer("p"))
        for producer in [own, named] { try await producer.send([Record("a", "1"), Record("a", "2")], to: "orders") }
        clock.advance(hours: 24 * 8)
        try await log.storage.maintain()
        #expect(try await own.lastSequences(in: "orders") == [-1])
        #expect(try await named.lastSequences(in: "orders") == [1])
        for producer in [own, named] { #expect(try await producer.send(Record("a", "3"), to: "orders").offset != nil) }
        try await log.delete("orders")
        try await log.create(Topic("orders", partitions: 1))
        #expect(try await own.send([Record("a", "4"), Record("a", "5")], to: "orders").map(\.offset) == [0, 1])
    }

    @Test func `tombstones stay for a day`() async throws {
        try await log.create(Topic("orders", partitions: 1, isCompacted: true, segments: .init(time: .seconds(3600))))
        try await send(Record("a", "1"), Record("b", "1"), thenPass: 2)
        try await send(Record("a", nil), thenPass: 2)
        #expect(try await log.records(of: place).map(\.text) == ["1", nil])
        // It is old by now, but what it stands over has only just gone.
        try await send(Record("c", "1"), thenPass: 23)
        #expect(try await log.records(of: place).map(\.keyText) == ["b", "a", "c"])
        try await send(Record("c", "2"), thenPass: 2)
        #expect(try await log.records(of: place).map(\.text) == ["1", "2"])
    }

    @Test func `leases run out by the log's clock`() async throws {
        try await log.create(Topic("orders", partitions: 1))
        let (first, second) = (UUID(), UUID())
        let held = try await log.storage.claim(["orders"], for: "g", member: first, lease: .seconds(3600))
        #expect(held.count == 1)
        clock.advance(hours: 0.9)
        #expect(try await log.storage.claim(["orders"], for: "g", member: second, lease: .seconds(3600)).isEmpty)
        clock.advance(hours: 0.2)
        let taken = try await log.storage.claim(["orders"], for: "g", member: second, lease: .seconds(3600))
        #expect(taken.map(\.partition) == [place])
        #expect(try await log.groups().map(\.members) == [1])
    }

    @Test func `lag in time is what the log's clock says`() async throws {
        try await log.create(Topic("orders", partitions: 1))
        try await log.producer().send(Record("a", "1"), to: "orders")
        try await log.seek("g", in: "orders", to: .beginning)
        clock.advance(hours: 2)
        #expect(try await log.lag(of: "g").map(\.time) == [.seconds(7200)])
    }

    @Test func `time does not go back with the clock`() async throws {
        try await log.create(Topic("orders", partitions: 1))
        let producer = try await log.producer()
        for hours in [-1.0, 2, -3] {
            clock.advance(hours: hours)
            try await producer.send(Record("a", "x"), to: "orders")
        }
        let times = try await log.records(of: place).map(\.appendedAt)
        #expect(times == times.sorted())
    }
}
