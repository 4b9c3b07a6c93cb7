import FoundationEssentials
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

@Suite(.tags(.database)) struct GroupLeaseTests {
    @Test func `a member that dies loses its partitions once its lease has run out`() async throws {
        try await GroupBench.with { bench in
            let held = try await bench.log.storage.claim(
                ["orders"], for: "readers", member: UUID(), lease: .seconds(2))
            #expect(held.count == 4)
            let begun = ContinuousClock.now
            let reader = bench.reader(lease: .seconds(2))
            try await bench.eventually { reader.partitions.count == 4 }
            #expect(ContinuousClock.now - begun > .seconds(1))
            try await bench.send(0..<20)
            try await bench.eventually { reader.numbers.count == 20 }
            await reader.stop()
        }
    }

    @Test func `whom another has followed can commit nothing more`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            let (storage, partition) = (bench.log.storage, TopicPartition("orders", 0))
            try await bench.send(0..<10, among: 1)
            let first = try await storage.claim(["orders"], for: "readers", member: UUID(), lease: .milliseconds(50))
            let old = try #require(first.first)
            try await storage.commit(3, in: partition, by: "readers", epoch: old.epoch)
            var taken: [GroupLease] = []
            try await bench.eventually {
                taken = try await storage.claim(["orders"], for: "readers", member: UUID(), lease: .milliseconds(50))
                return !taken.isEmpty
            }
            let new = try #require(taken.first)
            #expect(new.epoch > old.epoch)
            // The lease has run out by now, but nobody else has come: what is done still counts.
            try await storage.commit(5, in: partition, by: "readers", epoch: new.epoch)
            await #expect(throws: StreamingLogError.self) {
                try await storage.commit(9, in: partition, by: "readers", epoch: old.epoch)
            }
            await #expect(throws: StreamingLogError.self) {
                _ = try await storage.committed(in: partition, by: "readers", epoch: old.epoch)
            }
            #expect(try await storage.committed(in: partition, by: "readers", epoch: new.epoch)?.offset == 5)
        }
    }

    @Test func `what is committed by one who is to stop still counts`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<10, among: 1)
            let hasRead = Mutex(false)
            let first = Task {
                try await bench.log.consume(["orders"], as: "readers", options: ConsumeOptions()) { partition in
                    let records = try await partition.next(upTo: FetchLimits())
                    hasRead.withLock { $0 = true }
                    do { _ = try await partition.next(upTo: FetchLimits()) } catch is CancellationError {
                        try await partition.commit(Offset(rawValue: Int64(records.count)))
                    }
                }
            }
            try await bench.eventually { hasRead.withLock(\.self) }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            #expect(try await bench.log.lag(of: "readers").map(\.committed) == [10])
        }
    }

    @Test func `one that cannot renew stops reading before its lease ends, and begins again later`() async throws {
        try await GroupBench.with { bench in
            let reader = bench.reader(lease: .seconds(3))
            try await bench.eventually { reader.partitions.count == 4 }
            let pool = ConnectionPool(bench.configuration, size: 1)
            try await pool.transaction { transaction in
                try await transaction.query("SET LOCAL idle_in_transaction_session_timeout = 0")
                try await transaction.query("SELECT FROM martlet_log.groups FOR UPDATE")
                let begun = ContinuousClock.now
                try await bench.eventually { reader.partitions.isEmpty }
                #expect(ContinuousClock.now - begun < .seconds(3))
            }
            try await bench.send(0..<20)
            try await bench.eventually { reader.numbers.count >= 20 && reader.partitions.count == 4 }
            #expect(reader.numbers.sorted() == Array(0..<20))
            await reader.stop()
        }
    }

    @Test func `what a body throws ends the member, and others have its partitions`() async throws {
        struct Broken: Error {}
        try await GroupBench.with { bench in
            let ended = Mutex(0)
            await #expect(throws: Broken.self) {
                try await bench.log.consume(["orders"], as: "readers", options: ConsumeOptions()) { partition in
                    defer { ended.withLock { $0 += 1 } }
                    if partition.partition.number == 2 { throw Broken() }
                    _ = try await partition.next(upTo: FetchLimits())
                }
            }
            #expect(ended.withLock(\.self) >= 1)
            let reader = bench.reader()
            try await bench.eventually(within: .seconds(15)) { reader.partitions.count == 4 }
            await reader.stop()
        }
    }

    @Test func `a body that has returned is not called again while the member has the partition`() async throws {
        try await GroupBench.with(partitions: 2) { bench in
            let calls = Mutex<[Int: Int]>([:])
            let options = ConsumeOptions(lease: .milliseconds(600))
            let member = Task {
                try await bench.log.consume(["orders"], as: "readers", options: options) { partition in
                    calls.withLock { $0[partition.partition.number, default: 0] += 1 }
                    if partition.partition.number == 0 { return }
                    // Several leases long.
                    _ = try await partition.next(upTo: FetchLimits())
                }
            }
            try await bench.eventually { calls.withLock(\.count) == 2 }
            let before = try await bench.log.lag(of: "readers").map(\.member)
            let until = ContinuousClock.now + .seconds(2)
            try await bench.eventually { ContinuousClock.now > until }
            #expect(try await bench.log.lag(of: "readers").map(\.member) == before)
            #expect(calls.withLock { $0[0] } == 1)
            member.cancel()
            _ = await member.result
        }
    }

    @Test func `a topic goes with what groups have committed, and whoever reads it is told`() async throws {
        try await GroupBench.with { bench in
            let reader = bench.reader(lease: .milliseconds(900))
            try await bench.send(0..<20)
            try await bench.eventually { reader.numbers.count == 20 }
            let topic: TopicName = "orders"
            try await bench.log.delete(topic)
            try await bench.eventually { reader.partitions.isEmpty }
            guard case StreamingLogError.unknownTopic(topic)? = await reader.result else {
                Issue.record("expected to be told of the topic")
                return
            }
            let lag = try await bench.log.lag(of: "readers")
            #expect(lag.isEmpty)
        }
    }
}
