import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension LogContract {
    struct Idempotence {
        private let place = TopicPartition("orders", 0)

        @Test(arguments: LogKind.allCases)
        func `what is sent again under its sequence is left out`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let sent = ([10, 20, 30] as [Int64]).map { number in Record("a", "\(number)", sequence: number) }
                let first = try await log.producer("p").send(sent, to: "orders")
                #expect(first.map(\.offset) == [0, 1, 2])
                let next = try await log.producer("p")
                #expect(try await next.lastSequences(in: "orders") == [30])
                let again = try await next.send(sent + [Record("a", "40", sequence: 40)], to: "orders")
                #expect(again.map(\.offset) == [nil, nil, nil, 3])
                #expect(again.allSatisfy { $0.partition == place })
                #expect(try await next.send(sent, to: "orders").map(\.offset) == [nil, nil, nil])
                #expect(try await log.records(of: place).map(\.text) == ["10", "20", "30", "40"])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `behind what is sent again the producer counts on from the last one there`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let sent = ([10, 20, 30] as [Int64]).map { number in Record("a", "\(number)", sequence: number) }
                try await log.producer("p").send(sent, to: "orders")
                let next = try await log.producer("p")
                try await next.send(sent[0], to: "orders")
                #expect(try await next.send(Record("a", "31"), to: "orders").offset == 3)
                #expect(try await log.records(of: place).map(\.text) == ["10", "20", "30", "31"])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `sequences are a producer's own, in each partition`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                try await log.create(Topic("others", partitions: 1))
                for name in ["p", "q"] {
                    let producer = try await log.producer(ProducerID(name))
                    let places = try await producer.send(
                        [Record("a", "1", partition: 0, sequence: 5), Record("a", "1", partition: 1, sequence: 5)],
                        to: "orders")
                    #expect(places.allSatisfy { $0.offset != nil })
                    #expect(try await producer.send(Record("a", "1", sequence: 5), to: "others").offset != nil)
                    #expect(try await producer.lastSequences(in: "orders") == [5, 5])
                }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `sequences that do not rise are refused`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let producer = try await log.producer("p")
                for numbers: [Int64] in [[2, 2], [3, 1], [-1], [.min]] {
                    let refusal = try await failure {
                        try await producer.send(numbers.map { Record("a", "\($0)", sequence: $0) }, to: "orders")
                    }
                    guard case .invalid = refusal else { throw refusal }
                }
                #expect(try await log.records(of: place).isEmpty)
                #expect(try await producer.send(Record("a", "1"), to: "orders").offset == 0)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a producer's new life goes on where the old one ended`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                for life in 1...3 {
                    let producer = try await log.producer("p")
                    #expect(producer.epoch == Int64(life))
                    for _ in 0..<2 { try await producer.send(Record("a", "\(life)"), to: "orders") }
                }
                #expect(try await log.records(of: place).map(\.text) == ["1", "1", "2", "2", "3", "3"])
                #expect(try await log.producer("p").lastSequences(in: "orders") == [5])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `whoever was there before is fenced, on every topic`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                try await log.create(Topic("others", partitions: 1))
                let old = try await log.producer("p")
                try await old.send(Record("a", "1"), to: "orders")
                let new = try await log.producer("p")
                for topic: TopicName in ["orders", "others"] {
                    for _ in 0..<2 {
                        let refusal = try await failure { try await old.send(Record("a", "old"), to: topic) }
                        guard case .fenced("p", epoch: old.epoch) = refusal else { throw refusal }
                    }
                    try await new.send(Record("a", "2"), to: topic)
                }
                #expect(try await log.records(of: place).map(\.text) == ["1", "2"])
                #expect(try await log.records(of: TopicPartition("others", 0)).map(\.text) == ["2"])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `an epoch that is counted elsewhere only rises`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                #expect(try await log.producer("p", epoch: 7).epoch == 7)
                #expect(try await log.producer("p", epoch: 7).epoch == 7)
                let refusal = try await failure { try await log.producer("p", epoch: 6) }
                guard case .fenced("p", epoch: 6) = refusal else { throw refusal }
                #expect(try await log.producer("p").epoch == 8)
                #expect(try await log.producer("p", epoch: 100).epoch == 100)
                for epoch: Int64 in [0, -1] {
                    guard case .invalid = try await failure(in: { try await log.producer("p", epoch: epoch) }) else {
                        throw StreamingLogError.fenced("p", epoch: epoch)
                    }
                }
            }
        }

        @Test(arguments: LogKind.allCases, ["", "a\u{0}b", String(repeating: "x", count: 201)])
        func `a producer that cannot be stored is refused`(kind: LogKind, name: String) async throws {
            try await kind.withLog { log async throws in
                let refusal = try await failure { try await log.producer(ProducerID(name)) }
                guard case .invalid = refusal else { throw refusal }
            }
        }

        // MARK: below the producer

        private func batch(
            _ sequences: [Int64], after: Int64, of producer: ProducerID = "p", epoch: Int64 = 0, in partition: Int = 0
        ) -> RecordBatch {
            RecordBatch(
                producer: producer, epoch: epoch, partition: partition, after: after,
                records: sequences.map { SequencedRecord(sequence: $0, record: Record("a", "\($0)")) })
        }

        @Test(arguments: LogKind.allCases)
        func `a batch whose predecessor is missing is refused`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let storage = log.storage
                #expect(try await storage.append([batch([3], after: 2)], to: "orders") == [.missing(last: -1)])
                #expect(
                    try await storage.append([batch([0, 1], after: -1)], to: "orders") == [.appended(end: 2, new: 2)])
                #expect(try await storage.append([batch([3], after: 2)], to: "orders") == [.missing(last: 1)])
                #expect(
                    try await storage.append([batch([1, 2, 5], after: 0)], to: "orders") == [.appended(end: 4, new: 2)])
                #expect(try await storage.append([batch([5], after: 2)], to: "orders") == [.appended(end: 4, new: 0)])
                #expect(try await log.records(of: place).map(\.text) == ["0", "1", "2", "5"])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `each batch of a call ends by itself`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                #expect(try await log.storage.register("old", epoch: nil) == 1)
                #expect(try await log.storage.register("old", epoch: nil) == 2)
                let verdicts = try await log.storage.append(
                    [
                        batch([0, 1], after: -1, of: "a"), batch([0], after: -1, of: "old", epoch: 1),
                        batch([0], after: -1, of: "b"), batch([7], after: 6, of: "c"),
                        batch([4], after: -1, of: "old", epoch: 2), batch([0], after: -1, of: "d", in: 1),
                        batch([0], after: -1, of: "d", in: 2),
                    ], to: "orders")
                #expect(
                    verdicts == [
                        .appended(end: 2, new: 2), .fenced, .appended(end: 3, new: 1), .missing(last: -1),
                        .appended(end: 4, new: 1), .appended(end: 1, new: 1), .unknownPartition,
                    ])
                #expect(try await log.records(in: "orders").map { $0.map(\.text) } == [["0", "1", "0", "4"], ["0"]])
            }
        }
    }
}
