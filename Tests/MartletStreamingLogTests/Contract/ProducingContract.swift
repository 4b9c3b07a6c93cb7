import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension LogContract {
    struct Producing {
        @Test(arguments: LogKind.allCases)
        func `records are read as they were sent`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let everyByte = (0...255).map { UInt8($0) }
                let moment = Date(timeIntervalSince1970: 1_700_000_000.123456)
                let sent = [
                    Record(key: everyByte, value: everyByte, headers: [], messageID: "m \u{1F600}", timestamp: moment),
                    Record(key: [], value: []),
                    Record(key: nil, value: nil),
                    Record(
                        key: [0], value: [0],
                        headers: [
                            Record.Header("n", "x"), Record.Header("n", nil), Record.Header("", []),
                            Record.Header("n", everyByte), Record.Header("ключ \u{0}", "é"),
                        ], messageID: ""),
                ]
                let places = try await log.producer().send(sent, to: "orders")
                let partition = TopicPartition("orders", 0)
                #expect(places == (0..<4).map { RecordPlace(partition: partition, offset: Offset(rawValue: $0)) })
                let found = try await log.records(of: partition)
                #expect(found.map(\.partition) == Array(repeating: partition, count: 4))
                #expect(found.map(\.offset) == [0, 1, 2, 3])
                #expect(found.map(\.key) == sent.map(\.key))
                #expect(found.map(\.value) == sent.map(\.value))
                #expect(found.map(\.headers) == sent.map(\.headers))
                #expect(found.map(\.messageID) == sent.map(\.messageID))
                #expect(abs(found[0].timestamp.timeIntervalSince(moment)) < 0.000_001)
                #expect(found.dropFirst().allSatisfy { $0.timestamp == $0.appendedAt })
                #expect(found.allSatisfy { abs($0.appendedAt.timeIntervalSinceNow) < 600 })
            }
        }

        @Test(arguments: LogKind.allCases)
        func `records of one key stand in one partition, in their order`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 4))
                let producer = try await log.producer()
                for round in 0..<5 {
                    try await producer.send((0..<40).map { Record("key \($0)", "\(round)") }, to: "orders")
                }
                let found = try await log.records(in: "orders")
                #expect(found.allSatisfy { !$0.isEmpty })
                for (number, records) in found.enumerated() {
                    for (key, own) in Dictionary(grouping: records, by: \.keyText) {
                        #expect(own.map(\.text) == ["0", "1", "2", "3", "4"])
                        #expect(Partitioner.partition(of: (key ?? "").utf8, among: 4) == number)
                    }
                }
                #expect(found.reduce(0) { $0 + $1.count } == 200)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a named partition comes before the key, and one that there is not is refused`(kind: LogKind) async throws
        {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 3))
                let producer = try await log.producer()
                let places = try await producer.send(
                    (0..<3).map { (number: Int) in Record("same", "\(number)", partition: number) }, to: "orders")
                #expect(places.map(\.partition.number) == [0, 1, 2])
                for number in [3, -1, .max, .min] {
                    let refusal = try await failure {
                        try await producer.send([Record("a", "1"), Record("a", "2", partition: number)], to: "orders")
                    }
                    guard case .unknownPartition(TopicPartition("orders", number), of: 3) = refusal else {
                        throw refusal
                    }
                }
                #expect(try await log.records(in: "orders").map { $0.count } == [1, 1, 1])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `records without a key go together`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 8))
                let producer = try await log.producer()
                let places = try await producer.send((0..<20).map { Record(nil, "\($0)") }, to: "orders")
                #expect(Set(places.map(\.partition)).count == 1)
                #expect(places.map(\.offset) == (0..<20).map { Offset(rawValue: $0) })
            }
        }

        @Test(arguments: LogKind.allCases)
        func `nothing of what holds a record that is too large is appended`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let producer = try await log.producer()
                let refusal = try await failure {
                    try await producer.send(
                        [Record("a", "1"), Record(key: nil, value: Array(repeating: 0, count: 1 << 20))], to: "orders")
                }
                guard case .recordTooLarge(_, limit: 1 << 20) = refusal else { throw refusal }
                let largest = Record(key: nil, value: Array(repeating: 7, count: (1 << 20) - 100))
                #expect(try await producer.send(largest, to: "orders").offset == 0)
                #expect(try await log.records(in: "orders")[0].map(\.value) == [largest.value])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `more at a time than one statement can take is refused`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let record = Record(value: Array(repeating: 0, count: 1_000_000))
                let refusal = try await failure {
                    try await log.producer().send(Array(repeating: record, count: 300), to: "orders")
                }
                guard case .invalid = refusal else { throw refusal }
                #expect(try await log.describe("orders").partitions[0].end == 0)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `partitions that others have added or taken away are noticed`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                let producer = try await log.producer()
                try await producer.send(Record("a", "1"), to: "orders")
                // As another process does.
                try await log.storage.setPartitions(of: "orders", to: 8)
                #expect(try await producer.send(Record("a", "1", partition: 7), to: "orders").offset == 0)
                try await log.storage.delete("orders")
                try await log.storage.create(Topic("orders", partitions: 1))
                let refusal = try await failure {
                    try await producer.send(Record("a", "2", partition: 7), to: "orders")
                }
                guard case .unknownPartition(TopicPartition("orders", 7), of: 1) = refusal else { throw refusal }
                try await producer.send(Record("a", "2"), to: "orders")
            }
        }

        @Test(arguments: LogKind.allCases)
        func `sending nothing appends nothing`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                #expect(try await log.producer().send([], to: "orders").isEmpty)
                #expect(try await log.describe("orders").partitions[0].end == 0)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a message id that cannot be stored is refused`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let refusal = try await failure {
                    try await log.producer().send(Record(value: nil, messageID: "a\u{0}"), to: "orders")
                }
                guard case .invalid = refusal else { throw refusal }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a time that cannot be stored is refused, and no other's records with it`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let producer = try await log.producer()
                for time: TimeInterval in [.infinity, -.infinity, .nan, 1e12, -1e12] {
                    let odd = Record(value: nil, timestamp: Date(timeIntervalSince1970: time))
                    async let refusal = failure { try await producer.send(odd, to: "orders") }
                    async let places = withThrowingTaskGroup { group in
                        for _ in 0..<8 { group.addTask { try await producer.send(Record("a", "1"), to: "orders") } }
                        try await group.waitForAll()
                    }
                    guard case .invalid = try await refusal else { throw try await refusal }
                    try await places
                }
                for time in [Date.distantPast, .distantFuture] {
                    try await producer.send(Record(value: nil, timestamp: time), to: "orders")
                }
                let found = try await log.records(in: "orders")[0]
                #expect(found.suffix(2).map(\.timestamp) == [.distantPast, .distantFuture])
                #expect(found.count == 5 * 8 + 2)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `sixteen producers at once leave no hole, and each finds its records in order`(kind: LogKind) async throws
        {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 4))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<16 {
                        group.addTask {
                            let id: ProducerID? = number.isMultiple(of: 2) ? nil : "p\(number)"
                            let producer = try await log.producer(id, epoch: nil)
                            for round in 0..<10 {
                                let records = (0..<6).map { Record("\(number) \($0)", "\(round)") }
                                let places = try await producer.send(records, to: "orders")
                                #expect(places.allSatisfy { $0.offset != nil })
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                var count = 0
                for records in try await log.records(in: "orders") {
                    #expect(records.map(\.offset.rawValue) == Array(0..<Int64(records.count)))
                    #expect(zip(records, records.dropFirst()).allSatisfy { $0.appendedAt <= $1.appendedAt })
                    for own in Dictionary(grouping: records, by: \.keyText).values {
                        #expect(own.map(\.text) == (0..<10).map { "\($0)" })
                    }
                    count += records.count
                }
                #expect(count == 16 * 10 * 6)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `senders who share a producer need not wait for one another`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                let producer = try await log.producer("shared")
                let places = try await withThrowingTaskGroup(of: RecordPlace.self) { group in
                    for number in 0..<100 {
                        group.addTask { try await producer.send(Record("key \(number)", "\(number)"), to: "orders") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(places).count == 100)
                let found = try await log.records(in: "orders")
                #expect(Set(found.joined().map(\.text)).count == 100)
                #expect(try await producer.lastSequences(in: "orders") == found.map { Int64($0.count) - 1 })
            }
        }

        @Test(arguments: LogKind.allCases)
        func `what a cancelled task sends is not appended`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let producer = try await log.producer()
                try await producer.send(Record("a", "1"), to: "orders")
                let ending = await withTaskGroup(of: Result<RecordPlace, any Error>.self) { group in
                    group.cancelAll()
                    group.addTask {
                        do { return .success(try await producer.send(Record("a", "2"), to: "orders")) } catch {
                            return .failure(error)
                        }
                    }
                    return await group.next()
                }
                guard case .failure(StreamingLogError.cancelled)? = ending else {
                    Issue.record("expected it to be cancelled, found \(String(describing: ending))")
                    return
                }
                #expect(try await producer.send(Record("a", "3"), to: "orders").offset == 1)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a compacted topic refuses what has no key`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1, isCompacted: true))
                let producer = try await log.producer()
                let refusal = try await failure {
                    try await producer.send([Record("a", "1"), Record(nil, "2")], to: "orders")
                }
                guard case .invalid = refusal else { throw refusal }
                try await producer.send([Record("", "1"), Record("a", nil)], to: "orders")
                #expect(try await log.records(in: "orders")[0].map(\.keyText) == ["", "a"])
            }
        }
    }
}
