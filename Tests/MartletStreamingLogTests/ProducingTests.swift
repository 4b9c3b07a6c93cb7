import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension Tag {
    @Tag static var database: Self
}

@Suite(.tags(.database)) struct ProducingTests {
    @Test func `records are read as they were sent`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 2))
            let sent = [
                Record(key: Array("a".utf8), value: Array("1".utf8), headers: [.init("n", "x"), .init("n", nil)]),
                Record(key: Array("a".utf8), value: nil, messageID: "m2"),
                Record(key: nil, value: [], partition: 1),
            ]
            let places = try await log.producer(nil, epoch: nil).send(sent, to: "orders")
            #expect(places.count == 3)
            let found = try await log.storage.fetch(places[0].partition, from: 0, upTo: FetchLimits())
            #expect(found.prefix(2).map(\.value) == [Array("1".utf8), nil])
            #expect(found[0].headers == sent[0].headers)
            #expect(found[1].messageID == "m2")
        }
    }

    @Test func `sixteen producers that send one by one leave no hole`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 4))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for producer in 0..<16 {
                    group.addTask {
                        let own = try await log.producer("p\(producer % 4)-\(producer)", epoch: nil)
                        for number in 0..<50 {
                            try await own.send(
                                Record(key: Array("\(producer)".utf8), value: [UInt8(number)]), to: "orders")
                        }
                    }
                }
                try await group.waitForAll()
            }
            var count = 0
            for (number, extent) in try await log.describe("orders").partitions.enumerated() {
                let found = try await log.storage.fetch(
                    TopicPartition("orders", number), from: 0, upTo: FetchLimits(records: 1000))
                #expect(found.map(\.offset.rawValue) == Array(0..<extent.end.rawValue))
                let byKey = Dictionary(grouping: found) { $0.key ?? [] }
                for own in byKey.values { #expect(own.map { $0.value?.first } == (0..<50).map { UInt8($0) }) }
                count += found.count
            }
            #expect(count == 800)
        }
    }
}
