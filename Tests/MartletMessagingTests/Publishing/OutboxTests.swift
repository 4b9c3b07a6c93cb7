import Foundation
import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct OutboxTests {
    @Test(arguments: Place.allCases)
    func `a message comes to its topic if its transaction commits, and in the order of its key`(
        place: Place
    ) async throws {
        struct Stop: Error {}
        try await Depot.with(place) { depot in
            try await depot.log.create(Topic("prices", partitions: 3))
            let member = depot.member()
            defer { member.cancel() }
            let application = depot.outsider
            for number in 0..<20 {
                try? await application.pool.transaction { transaction in
                    try application.publish(
                        Record(key: Array("tea".utf8), value: Array("\(number)".utf8), headers: [.init("h", nil)]),
                        on: "prices", in: transaction)
                    if number % 4 == 3 { throw Stop() }
                }
            }
            try await application.pool.transaction { transaction in
                for number in 0..<3 {
                    try application.publish(
                        CloudEvent(id: "e\(number)", source: "/shop", type: "t"), on: "prices", key: nil,
                        in: transaction)
                }
            }
            let end = try await application.store.head()
            #expect(end == 18)
            let outbox = try #require(application.publications.first { $0.isOutbox })
            #expect(try await outbox.follower.caughtUp(to: end, within: .seconds(20)))
            let records = try await depot.records(of: "prices")
            let prices = records.filter { $0.key != nil }
            #expect(
                prices.map { String(decoding: $0.value ?? [], as: UTF8.self) }
                    == (0..<20).filter { $0 % 4 != 3 }.map { "\($0)" })
            #expect(prices.allSatisfy { $0.headers.first == .init("h", nil) && $0.messageID?.count == 36 })
            #expect(Set(records.filter { $0.key == nil }.compactMap(\.messageID)) == ["e0", "e1", "e2"])
        }
    }

    @Test func `a message for a topic that is missing waits with its key, and others go on`() async throws {
        try await Depot.with(.own) { depot in
            try await depot.log.create(Topic("prices", partitions: 1))
            let member = depot.member()
            defer { member.cancel() }
            let application = depot.outsider
            let outbox = try #require(application.publications.first { $0.isOutbox })
            for (key, topic) in [("a", "prizes"), ("b", "prices"), ("a", "prices")] {
                try await application.pool.transaction { transaction in
                    try application.publish(
                        Record(key: Array(key.utf8), value: []), on: TopicName(topic), in: transaction)
                }
            }
            #expect(try await outbox.follower.caughtUp(to: 3, within: .seconds(30)))
            let parked = try await outbox.follower.parkedKeys()
            #expect(parked.map(\.key) == ["a"])
            #expect(parked.first?.problem == "topic \"prizes\": there is none")
            #expect(try await depot.records(of: "prices").map(\.key) == [Array("b".utf8)])
            try await depot.log.create(Topic("prizes", partitions: 1))
            try await outbox.follower.retryAll()
            #expect(try await depot.records(of: "prizes").count == 1)
            #expect(try await depot.records(of: "prices").map(\.key) == [Array("b".utf8), Array("a".utf8)])
        }
    }

    @Test(arguments: Place.allCases)
    func `a message without a key for a compacted topic is parked, and others go on`(place: Place) async throws {
        try await Depot.with(place) { depot in
            try await depot.log.create(Topic("prices", partitions: 1, isCompacted: true))
            let member = depot.member()
            defer { member.cancel() }
            let application = depot.outsider
            let outbox = try #require(application.publications.first { $0.isOutbox })
            for key in [nil, "tea"] {
                try await application.pool.transaction { transaction in
                    try application.publish(
                        Record(key: key.map { Array($0.utf8) }, value: []), on: "prices", in: transaction)
                }
            }
            #expect(try await outbox.follower.caughtUp(to: 2, within: .seconds(30)))
            #expect(
                try await outbox.follower.parkedKeys().map(\.problem)
                    == ["topic \"prices\": expected a key in each record, since it is compacted, found none"])
            #expect(try await depot.records(of: "prices").map(\.key) == [Array("tea".utf8)])
        }
    }

    /// Whoever publishes holds the log's lock only while the server commits.
    @Test func `an open transaction that has published keeps nobody from appending`() async throws {
        try await Depot.with(.own) { depot in
            let application = depot.outsider
            try await application.pool.transaction { transaction in
                try application.publish(Record(value: []), on: "prices", in: transaction)
                try await transaction.query("SELECT 1")
                try await depot.move("a", 1)
            }
            #expect(try await application.store.head() == 2)
        }
    }
}
