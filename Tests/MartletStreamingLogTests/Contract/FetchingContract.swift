import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension LogContract {
    struct Fetching {
        private let place = TopicPartition("orders", 0)

        @Test(arguments: LogKind.allCases)
        func `a page holds as many records as are asked for`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                try await log.producer().send((0..<10).map { Record("a", "\($0)") }, to: "orders")
                for (offset, count, expected) in [(0, 3, 0..<3), (3, 3, 3..<6), (8, 5, 8..<10), (9, 1, 9..<10)] {
                    let found = try await log.fetch(
                        place, from: Offset(rawValue: Int64(offset)), upTo: FetchLimits(records: count))
                    #expect(found.map(\.text) == expected.map { "\($0)" })
                    #expect(found.map(\.offset.rawValue) == expected.map { Int64($0) })
                }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a page holds as many bytes as are asked for, and a record at least`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let value = [UInt8](repeating: 1, count: 10_000)
                try await log.producer().send((0..<5).map { _ in Record(value: value) }, to: "orders")
                for (bytes, count) in [(1, 1), (10_500, 1), (25_000, 2), (1_000_000, 5)] {
                    let found = try await log.fetch(place, from: 0, upTo: FetchLimits(bytes: bytes))
                    #expect(found.count == count)
                    #expect(found.allSatisfy { $0.value == value })
                }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `keys and headers are bytes of a page, too`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let large = [UInt8](repeating: 1, count: 10_000)
                try await log.producer().send(
                    [
                        Record(key: large, value: nil), Record(value: nil, headers: [.init("h", large)]),
                        Record(key: large, value: large),
                    ], to: "orders")
                for (bytes, count) in [(15_000, 1), (25_000, 2), (35_000, 2), (45_000, 3)] {
                    let found = try await log.fetch(place, from: 0, upTo: FetchLimits(bytes: bytes))
                    #expect(found.count == count)
                }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `at the end there is nothing, and beyond is out of range`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                #expect(try await log.fetch(place, from: 0, upTo: FetchLimits()).isEmpty)
                try await log.producer().send([Record("a", "1"), Record("a", "2")], to: "orders")
                #expect(try await log.fetch(place, from: 2, upTo: FetchLimits()).isEmpty)
                for offset: Offset in [-1, 3, Offset(rawValue: .max), Offset(rawValue: .min)] {
                    let refusal = try await failure { try await log.fetch(place, from: offset, upTo: FetchLimits()) }
                    let range: ClosedRange<Offset> = 0...2
                    guard case .offsetOutOfRange(place, offset, expected: range) = refusal else { throw refusal }
                }
            }
        }

        @Test(arguments: LogKind.allCases, [1, -1, .max])
        func `a partition that there is not is refused`(kind: LogKind, number: Int) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let partition = TopicPartition("orders", number)
                let refusal = try await failure { try await log.fetch(partition, from: 0, upTo: FetchLimits()) }
                guard case .unknownPartition(partition, of: 1) = refusal else { throw refusal }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `an offset is found by its time`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                #expect(try await log.offset(in: place, at: .distantPast) == nil)
                let producer = try await log.producer()
                for number in 0..<9 {
                    // What a producer says of the time does not matter here.
                    let record = Record(
                        key: nil, value: [UInt8(number)], timestamp: Date(timeIntervalSince1970: Double(number)),
                        partition: 0)
                    try await producer.send(record, to: "orders")
                    try await Task.sleep(for: .milliseconds(2))
                }
                let found = try await log.records(of: place)
                for record in found {
                    #expect(try await log.offset(in: place, at: record.appendedAt) == record.offset)
                    let before = record.appendedAt.addingTimeInterval(-0.001)
                    #expect(try await log.offset(in: place, at: before) == record.offset)
                }
                #expect(try await log.offset(in: place, at: .init(timeIntervalSince1970: 0)) == 0)
                let after = try #require(found.last?.appendedAt.addingTimeInterval(0.001))
                #expect(try await log.offset(in: place, at: after) == nil)
                #expect(try await log.offset(in: TopicPartition("orders", 1), at: .distantPast) == nil)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `whoever waits at the end is woken by a record`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let start = ContinuousClock.now
                async let woken: Void = log.wait(for: place, from: 0, atMost: .seconds(60))
                try await log.producer().send(Record("a", "1"), to: "orders")
                await woken
                #expect(ContinuousClock.now - start < .seconds(30))
                // There is something already.
                await log.wait(for: place, from: 0, atMost: .seconds(60))
                #expect(ContinuousClock.now - start < .seconds(30))
            }
        }
    }
}
