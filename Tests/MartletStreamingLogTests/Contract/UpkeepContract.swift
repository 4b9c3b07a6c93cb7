import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension LogContract {
    /// What goes by and by; by the real clock, so with times that pass soon.
    struct Upkeep {
        private let place = TopicPartition("orders", 0)
        private let briefly = Topic.Segments(time: .milliseconds(1))

        @Test(arguments: LogKind.allCases)
        func `offsets go on behind records that have gone by their age`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                let retention = Topic.Retention(time: .milliseconds(1))
                try await log.create(Topic("orders", partitions: 1, retention: retention, segments: briefly))
                let producer = try await log.producer()
                try await producer.send((0..<5).map { Record("a", "\($0)") }, to: "orders")
                try await eventually {
                    try await log.storage.maintain()
                    return try await log.describe("orders").partitions == [.init(beginning: 5, end: 5)]
                }
                let refusal = try await failure { try await log.fetch(place, from: 4, upTo: FetchLimits()) }
                let range: ClosedRange<Offset> = 5...5
                guard case .offsetOutOfRange(place, 4, expected: range) = refusal else { throw refusal }
                #expect(try await log.fetch(place, from: 5, upTo: FetchLimits()).isEmpty)
                #expect(try await log.offset(in: place, at: .distantPast) == nil)
                #expect(try await producer.send(Record("a", "5"), to: "orders").offset == 5)
                #expect(try await log.fetch(place, from: 5, upTo: FetchLimits()).map(\.text) == ["5"])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `without retention everything stays, over however many segments`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 2, segments: briefly))
                let producer = try await log.producer()
                for round in 0..<5 {
                    try await producer.send((0..<4).map { Record("\($0)", "\(round)") }, to: "orders")
                    try await Task.sleep(for: .milliseconds(3))
                    try await log.storage.maintain()
                    if round == 2 { try await log.setPartitions(of: "orders", to: 3) }
                }
                let found = try await log.records(in: "orders")
                #expect(found.reduce(0) { $0 + $1.count } == 20)
                for records in found { #expect(records.map(\.offset.rawValue) == Array(0..<Int64(records.count))) }
                let middle = try #require(found[0].dropFirst(4).first)
                #expect(try await log.offset(in: middle.partition, at: middle.appendedAt) != nil)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `what is beyond the bytes goes, the oldest first`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                let retention = Topic.Retention(bytes: 400_000)
                try await log.create(Topic("orders", partitions: 1, retention: retention, segments: briefly))
                let producer = try await log.producer()
                for round in 0..<6 {
                    // What cannot be compressed.
                    let values = (0..<10).map { _ in (0..<20_000).map { _ in UInt8.random(in: .min ... .max) } }
                    try await producer.send(values.map { Record(value: $0) }, to: "orders")
                    try await Task.sleep(for: .milliseconds(3))
                    try await log.storage.maintain()
                    let extent = try await log.describe("orders").partitions[0]
                    #expect(extent.end.rawValue == Int64(round + 1) * 10)
                    // Two rounds are as much as is to be kept; the one that is being written to is beside them.
                    #expect(extent.beginning.rawValue == Int64(max(0, round - 1)) * 10)
                }
                #expect(try await log.records(in: "orders")[0].count == 20)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `what a group that is to read it has not read stays, however old`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                let retention = Topic.Retention(time: .milliseconds(1), protecting: ["slow", "fast"])
                try await log.create(Topic("orders", partitions: 2, retention: retention, segments: briefly))
                let producer = try await log.producer()
                for round in 0..<3 {
                    try await producer.send(
                        (0..<2).map { (number: Int) in Record("a", "\(round)", partition: number) }, to: "orders")
                    try await Task.sleep(for: .milliseconds(3))
                    try await log.storage.maintain()
                }
                func beginnings(after offsets: [Int64], of group: GroupName) async throws -> [Int64] {
                    for (number, offset) in offsets.enumerated() {
                        try await log.storage.commit(offset, of: TopicPartition("orders", number), for: group)
                    }
                    try await Task.sleep(for: .milliseconds(3))
                    try await log.storage.maintain()
                    return try await log.describe("orders").partitions.map(\.beginning.rawValue)
                }
                // Nobody has read anything; then only one of the two groups has; then both, one partition less far.
                #expect(try await log.describe("orders").partitions.map(\.beginning) == [0, 0])
                #expect(try await beginnings(after: [3, 3], of: "fast") == [0, 0])
                #expect(try await beginnings(after: [3, 0], of: "slow") == [0, 0])
                #expect(try await beginnings(after: [3, 1], of: "slow") == [1, 1])
                #expect(try await beginnings(after: [3, 2], of: "slow") == [2, 2])
                #expect(try await beginnings(after: [3, 3], of: "slow") == [3, 3])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `of each key the last record stays, and offsets stay as they are`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 1, isCompacted: true, segments: briefly))
                let producer = try await log.producer()
                func expectAfter(_ records: [Record], _ texts: [String?], _ offsets: [Offset]) async throws {
                    try await producer.send(records, to: "orders")
                    try await Task.sleep(for: .milliseconds(3))
                    try await log.storage.maintain()
                    let found = try await log.records(of: place)
                    #expect(found.map(\.text) == texts)
                    #expect(found.map(\.offset) == offsets)
                }
                try await expectAfter([Record("a", "1"), Record("b", "1"), Record("a", "2")], ["1", "2"], [1, 2])
                try await expectAfter([Record("c", "1")], ["1", "2", "1"], [1, 2, 3])
                // A later segment supersedes what is in earlier ones; a tombstone does, too, and is there to be read.
                try await expectAfter([Record("b", "2"), Record("c", nil)], ["2", "2", nil], [2, 4, 5])
                try await expectAfter([Record("b", "3"), Record("a", "3")], [nil, "3", "3"], [5, 6, 7])
                #expect(try await log.fetch(place, from: 0, upTo: FetchLimits()).first?.offset == 5)
                #expect(try await log.offset(in: place, at: .distantPast) == 5)
                #expect(try await log.describe("orders").partitions == [.init(beginning: 0, end: 8)])
                #expect(try await producer.lastSequences(in: "orders") == [7])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a key is compacted in each partition by itself`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 2, isCompacted: true, segments: briefly))
                try await log.producer().send(
                    [Record("a", "1", partition: 0), Record("a", "2", partition: 1), Record("a", "3", partition: 1)],
                    to: "orders")
                try await Task.sleep(for: .milliseconds(3))
                try await log.storage.maintain()
                #expect(try await log.records(in: "orders").map { $0.map(\.text) } == [["1"], ["3"]])
            }
        }
    }
}

extension GroupStorage {
    /// Commits as a member would that comes and goes.
    func commit(_ offset: Int64, of partition: TopicPartition, for group: GroupName) async throws {
        let member = UUID()
        let leases = try await claim([partition.topic], for: group, member: member, lease: .seconds(60))
        let lease = try #require(leases.first { $0.partition == partition })
        try await commit(Offset(rawValue: offset), in: partition, by: group, epoch: lease.epoch)
        try await release(nil, of: group, member: member)
    }
}
