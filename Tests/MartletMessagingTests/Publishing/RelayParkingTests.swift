import Martlet
import MartletTesting
import Testing

@testable import MartletMessaging

@Suite(.tags(.database)) struct RelayParkingTests {
    /// Two parcels whose messages share a partition of the topic.
    private let bad = "bad"
    private let good = (0..<100).map { "good \($0)" }.first { isBeside("bad", $0) } ?? ""

    private static func isBeside(_ one: String, _ other: String) -> Bool {
        Partitioner.partition(of: one.utf8, among: 4) == Partitioner.partition(of: other.utf8, among: 4)
    }

    @Test func `a key that is let go between another log's answer and the checkpoint loses nothing`() async throws {
        try await Depot.with(.other) { depot in
            depot.broken.set([bad])
            let receipt = try await depot.move(bad, 1)
            let first = depot.member()
            #expect(try await depot.publication.caughtUp(to: receipt, within: .seconds(20)))
            first.cancel()
            _ = await first.result

            // One waits behind what is parked, and what comes after it is in the log when the relay comes to a halt.
            try await depot.move(bad, 2)
            let last = try await depot.move(good, 1)
            let halting = FaultyLog.Faults { _ in try await Task.sleep(for: .seconds(3600)) }
            let second = depot.member(halting)
            while halting.count.withLock({ $0 }) < 1 { try await Task.sleep(for: .milliseconds(5)) }
            second.cancel()
            _ = await second.result

            depot.broken.set([])
            #expect(try await depot.publication.follower.retry(bad).problem == nil)
            let third = depot.member()
            defer { third.cancel() }
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(20)))
            #expect(try await depot.moves().mapValues { $0.map(\.step) } == [bad: [1, 2], good: [1]])
        }
    }
}

@Suite(.tags(.database)) struct RelayRestoredTests {
    @Test func `a relay stops before a log that has messages of events which the store has lost`() async throws {
        try await Depot.with(.other) { depot in
            let number = Partitioner.partition(of: "a".utf8, among: 4)
            try await depot.log.create(ParcelMessages.topic)
            try await depot.log.producer("parcel_messages/\(number)", epoch: nil).send(
                Record(value: nil, partition: number, sequence: 3 << 10), to: "parcels")
            try await depot.move("a", 1)
            let member = depot.member()
            defer { member.cancel() }
            try await becomesTrue {
                try await depot.publication.status().lastError?.contains("has one of position 3 ") ?? false
            }
            // Also once there are as many events again.
            for step in 2...5 { try await depot.move("a", step) }
            try await Task.sleep(for: .seconds(1))
            if case .running = try await depot.publication.status().state { Issue.record("it runs") }
            #expect(try await depot.records().count == 1)
            #expect(try await depot.publication.follower.parkedKeys().isEmpty)
        }
    }
}
