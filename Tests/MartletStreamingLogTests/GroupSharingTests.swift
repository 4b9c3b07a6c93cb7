import FoundationEssentials
import MartletTesting
import Testing

@testable import MartletStreamingLog

@Suite(.tags(.database)) struct GroupSharingTests {
    @Test func `two members share four partitions, and each record is delivered once`() async throws {
        try await GroupBench.with { bench in
            let first = bench.reader()
            try await bench.eventually { first.partitions.count == 4 }
            try await bench.send(0..<100)
            // The lease is long: only a call can make the first give any back in this time.
            let second = bench.reader()
            try await bench.eventually(within: .seconds(15)) {
                first.partitions.count == 2 && second.partitions.count == 2
            }
            #expect(first.partitions.isDisjoint(with: second.partitions))
            try await bench.send(100..<300)
            try await bench.eventually { first.numbers.count + second.numbers.count >= 300 }
            #expect((first.numbers + second.numbers).sorted() == Array(0..<300))
            await first.stop()
            await second.stop()
        }
    }

    @Test func `one that leaves gives all back at once, and nothing is read twice`() async throws {
        try await GroupBench.with { bench in
            let (first, second) = (bench.reader(), bench.reader())
            try await bench.eventually { first.partitions.count == 2 && second.partitions.count == 2 }
            try await bench.send(0..<200)
            try await bench.eventually { first.numbers.count + second.numbers.count >= 200 }
            #expect(await second.stop() is CancellationError)
            try await bench.eventually(within: .seconds(15)) { first.partitions.count == 4 }
            try await bench.send(200..<400)
            try await bench.eventually { first.numbers.count + second.numbers.count >= 400 }
            #expect((first.numbers + second.numbers).sorted() == Array(0..<400))
            for number in 0..<4 {
                let later = first.numbers(in: TopicPartition("orders", number)).filter { $0 >= 200 }
                #expect(later == Array(stride(from: 200 + number, to: 400, by: 4)))
            }
            await first.stop()
            #expect(try await bench.log.groups() == [GroupDescription(name: "readers", members: 0, topics: ["orders"])])
        }
    }

    @Test func `only those who read a topic get its partitions`() async throws {
        try await GroupBench.with { bench in
            try await bench.log.create(Topic("payments", partitions: 3))
            let both = bench.reader(of: ["payments", "orders"])
            let one = bench.reader(of: ["orders"])
            try await bench.eventually { both.partitions.count == 5 && one.partitions.count == 2 }
            #expect(one.partitions.allSatisfy { $0.topic == "orders" })
            await both.stop()
            try await bench.eventually { one.partitions.count == 4 }
            #expect(one.partitions.allSatisfy { $0.topic == "orders" })
            await one.stop()
        }
    }

    @Test func `partitions that are added are read from the next renewal on`() async throws {
        try await GroupBench.with(partitions: 2) { bench in
            let (first, second) = (bench.reader(lease: .seconds(3)), bench.reader(lease: .seconds(3)))
            try await bench.eventually { first.partitions.count == 1 && second.partitions.count == 1 }
            try await bench.log.setPartitions(of: "orders", to: 6)
            try await bench.eventually { first.partitions.count == 3 && second.partitions.count == 3 }
            try await bench.send(0..<60, among: 6)
            try await bench.eventually { first.numbers.count + second.numbers.count >= 60 }
            #expect((first.numbers + second.numbers).sorted() == Array(0..<60))
            await first.stop()
            await second.stop()
        }
    }

    @Test(arguments: [(1, 5, 3), (3, 1, 2), (2, 3, 4), (5, 2, 3), (4, 7, 16)])
    func `whoever reads the same topics has as many partitions, one more or less`(
        topics: Int, partitions: Int, members: Int
    ) async throws {
        try await GroupBench.with { bench in
            let names = try (0..<topics).map { try TopicName("topic-\($0)") }
            for name in names { try await bench.log.create(Topic(name, partitions: partitions)) }
            let storage = bench.log.storage
            let ids = (0..<members).map { _ in UUID() }
            var held: [UUID: [GroupLease]] = [:]
            // The surplus of the first round is what the later ones take.
            for _ in 0..<3 {
                for id in ids {
                    let leases = try await storage.claim(names, for: "readers", member: id, lease: .seconds(60))
                    let surplus = leases.filter(\.isSurplus).map(\.partition)
                    if !surplus.isEmpty { try await storage.release(surplus, of: "readers", member: id) }
                    held[id] = leases.filter { !$0.isSurplus }
                }
            }
            let counts = ids.map { held[$0]?.count ?? 0 }
            #expect(counts.reduce(0, +) == topics * partitions)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            #expect(Set(held.values.joined().map(\.partition)).count == topics * partitions)
        }
    }

    @Test func `a topic that there is not is told before anything is read`() async throws {
        try await GroupBench.with { bench in
            let error = await #expect(throws: StreamingLogError.self) {
                try await bench.log.consume(["orders", "absent"], as: "readers", options: ConsumeOptions()) { _ in }
            }
            guard case .unknownTopic("absent") = error else {
                Issue.record("found \(String(describing: error))")
                return
            }
            let groups = try await bench.log.groups()
            #expect(groups.isEmpty)
        }
    }
}
