import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension LogContract {
    struct Topics {
        @Test(arguments: LogKind.allCases)
        func `a topic is described as it was declared`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                let topic = Topic(
                    "orders", partitions: 3,
                    retention: Topic.Retention(time: .seconds(3600), bytes: 1 << 20, protecting: ["a", "b"]),
                    isCompacted: true, segments: Topic.Segments(time: .seconds(60), bytes: 1 << 16))
                try await log.create(topic)
                let found = try await log.describe("orders")
                #expect(found.topic == topic)
                #expect(found.partitions == Array(repeating: .init(beginning: 0, end: 0), count: 3))
                #expect(try await log.topics() == [found])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a topic may be created again as it is, and not otherwise`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                try await log.create(Topic("orders", partitions: 2))
                let refusal = try await failure { try await log.create(Topic("orders", partitions: 3)) }
                guard case .topicExists("orders") = refusal else { throw refusal }
                #expect(try await log.describe("orders").partitions.count == 2)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `topics are listed by name, whatever is allowed in one`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                let names = ["B", "a", "a-b", "a.b", "a_b", "...", String(repeating: "x", count: 249), "7"]
                for name in names { try await log.create(Topic(try TopicName(name), partitions: 1)) }
                #expect(try await log.topics().map(\.topic.name.description) == names.sorted())
            }
        }

        @Test(arguments: ["", ".", "..", "a b", "a/b", "é", "a\u{0}", String(repeating: "x", count: 250)])
        func `what Kafka takes for no name is none`(name: String) {
            #expect(throws: TopicName.Invalid.self) { try TopicName(name) }
        }

        @Test(
            arguments: LogKind.allCases,
            [
                Topic("t", partitions: 0), Topic("t", partitions: 1025), Topic("t", retention: .init(time: .zero)),
                Topic("t", retention: .init(bytes: 0)), Topic("t", retention: .init(protecting: [""])),
                Topic("t", segments: .init(time: .zero)), Topic("t", segments: .init(bytes: -1)),
                Topic("t", retention: .init(time: .seconds(Int64.max))),
                Topic("t", segments: .init(time: .seconds(Int64.max))),
            ])
        func `a topic that cannot be is refused`(kind: LogKind, topic: Topic) async throws {
            try await kind.withLog { log async throws in
                guard case .invalid = try await failure(in: { try await log.create(topic) }) else {
                    throw StreamingLogError.topicExists(topic.name)
                }
                #expect(try await log.topics().isEmpty)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a topic that there is not is unknown to whatever names it`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                let producer = try await log.producer()
                let place = TopicPartition("orders", 0)
                let refusals = [
                    try await failure { try await log.describe("orders") },
                    try await failure { try await log.setPartitions(of: "orders", to: 4) },
                    try await failure { try await log.setRetention(of: "orders", to: .forever) },
                    try await failure { try await log.delete("orders") },
                    try await failure { try await log.fetch(place, from: 0, upTo: FetchLimits()) },
                    try await failure { try await log.offset(in: place, at: .now) },
                    try await failure { try await producer.send(Record("a", "1"), to: "orders") },
                    try await failure { try await producer.lastSequences(in: "orders") },
                ]
                for refusal in refusals { guard case .unknownTopic("orders") = refusal else { throw refusal } }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `partitions are added, and never taken away`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                let producer = try await log.producer()
                let keys = (0..<20).map { "key \($0)" }
                try await producer.send(keys.map { Record($0, "1") }, to: "orders")
                let before = try await log.records(in: "orders")
                try await log.setPartitions(of: "orders", to: 2)
                try await log.setPartitions(of: "orders", to: 5)
                guard
                    case .invalid = try await failure(in: { try await log.setPartitions(of: "orders", to: 4) })
                else { throw StreamingLogError.unknownTopic("orders") }
                let after = try await log.records(in: "orders")
                #expect(after == before + [[], [], []])

                let places = try await producer.send(keys.map { Record($0, "2") }, to: "orders")
                let expected = keys.map { Partitioner.partition(of: $0.utf8, among: 5) }
                #expect(places.map(\.partition.number) == expected)
                #expect(try await log.describe("orders").partitions.map(\.end.rawValue).reduce(0, +) == 40)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a deleted topic is gone, and one of its name begins anew`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                try await log.create(Topic("others", partitions: 1))
                let producer = try await log.producer("p")
                for topic: TopicName in ["orders", "others"] {
                    try await producer.send([Record("a", "1"), Record("a", "2")], to: topic)
                }
                try await log.delete("orders")
                guard case .unknownTopic = try await failure(in: { try await log.describe("orders") }) else {
                    throw StreamingLogError.unknownTopic("orders")
                }
                try await log.create(Topic("orders", partitions: 1))
                let next = try await log.producer("p")
                #expect(try await next.lastSequences(in: "orders") == [-1])
                #expect(try await next.send(Record("a", "3"), to: "orders").offset == 0)
                #expect(try await log.records(in: "orders").map { $0.map(\.text) } == [["3"]])
                #expect(try await log.records(in: "others")[0].map(\.text) == ["1", "2"])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `how long records are kept can be changed`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders"))
                let kept = Topic.Retention(time: .milliseconds(1500), bytes: 7, protecting: ["g"])
                try await log.setRetention(of: "orders", to: kept)
                #expect(try await log.describe("orders").topic.retention == kept)
                let refusal = try await failure {
                    try await log.setRetention(of: "orders", to: Topic.Retention(time: .seconds(-1)))
                }
                guard case .invalid = refusal else { throw refusal }
            }
        }
    }
}
