import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

extension LogContract {
    struct Groups {
        private let place = TopicPartition("orders", 0)

        /// What members have been given, in the order in which they were.
        private final class Given: Sendable {
            private let state = Mutex<[StoredRecord]>([])

            var records: [StoredRecord] { state.withLock(\.self) }

            func add(_ records: [StoredRecord]) { state.withLock { $0 += records } }
        }

        /// Reads and commits until it is cancelled.
        private func member(
            of group: GroupName, _ log: any StreamingLog, options: ConsumeOptions = ConsumeOptions(lease: .seconds(15)),
            giving given: Given
        ) -> Task<Void, any Error> {
            Task {
                try await log.consume(["orders"], as: group, options: options) { partition in
                    while true {
                        let records = try await partition.next(upTo: FetchLimits(records: 10))
                        given.add(records)
                        if let last = records.last { try await partition.commit(last.offset.next) }
                    }
                }
            }
        }

        private func fill(_ log: any StreamingLog, _ numbers: Range<Int>) async throws {
            try await log.producer().send(numbers.map { Record("key \($0)", "\($0)") }, to: "orders")
        }

        @Test(arguments: LogKind.allCases)
        func `members share the partitions, and each record is given to one of them`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 4))
                let given = [Given(), Given()]
                let members = given.map { member(of: "g", log, giving: $0) }
                try await eventually { Set(try await log.lag(of: "g").compactMap(\.member)).count == 2 }
                try await eventually { try await log.lag(of: "g").allSatisfy { $0.member != nil } }
                try await fill(log, 0..<200)
                try await eventually { given.reduce(0) { $0 + $1.records.count } >= 200 }
                #expect(given.allSatisfy { !$0.records.isEmpty })
                let all = given.flatMap(\.records)
                #expect(all.count == 200)
                #expect(Set(all.map(\.text)).count == 200)
                #expect(try await log.groups() == [GroupDescription(name: "g", members: 2, topics: ["orders"])])
                for member in members { member.cancel() }
                for member in members { await #expect(throws: CancellationError.self) { try await member.value } }
                #expect(try await log.lag(of: "g").map(\.records) == [0, 0, 0, 0])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `each group reads everything, and goes on where it has committed`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                try await fill(log, 0..<20)
                for group: GroupName in ["a", "b"] {
                    let given = Given()
                    let first = member(of: group, log, giving: given)
                    try await eventually { given.records.count == 20 }
                    try await eventually { try await log.lag(of: group).allSatisfy { $0.records == 0 } }
                    first.cancel()
                    _ = await first.result
                }
                try await fill(log, 20..<30)
                let given = Given()
                let second = member(of: "a", log, giving: given)
                try await eventually { given.records.count >= 10 }
                second.cancel()
                _ = await second.result
                #expect(Set(given.records.map(\.text)) == Set((20..<30).map { "\($0)" }))
                #expect(try await log.lag(of: "b").reduce(0) { $0 + $1.records } == 10)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a new group begins where it is told to`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                try await fill(log, 0..<5)
                let given = Given()
                let options = ConsumeOptions(start: .end, lease: .seconds(15))
                let member = member(of: "g", log, options: options, giving: given)
                try await eventually { try await log.lag(of: "g").first?.committed == 5 }
                try await fill(log, 5..<6)
                try await eventually { given.records.map(\.text) == ["5"] }
                member.cancel()
                _ = await member.result
            }
        }

        @Test(arguments: LogKind.allCases)
        func `partitions that are added to a topic are read from their beginning`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let given = Given()
                let options = ConsumeOptions(start: .end, lease: .seconds(1))
                let member = member(of: "g", log, options: options, giving: given)
                try await eventually { try await log.lag(of: "g").first?.committed == 0 }
                try await log.setPartitions(of: "orders", to: 2)
                try await log.producer().send(Record("a", "1", partition: 1), to: "orders")
                try await eventually { given.records.map(\.text) == ["1"] }
                member.cancel()
                _ = await member.result
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a member that has stopped leaves its partitions to others at once`(kind: LogKind) async throws {
            try await kind.withLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                // A member looks by itself three times in a lease's time, should it not hear of the other.
                let options = ConsumeOptions(lease: .seconds(24))
                let given = [Given(), Given()]
                let first = member(of: "g", log, options: options, giving: given[0])
                try await eventually { try await log.lag(of: "g").filter { $0.member != nil }.count == 2 }
                let second = member(of: "g", log, options: options, giving: given[1])
                try await eventually { Set(try await log.lag(of: "g").compactMap(\.member)).count == 2 }
                first.cancel()
                _ = await first.result
                let stopped = ContinuousClock.now
                try await fill(log, 0..<20)
                try await eventually { given[1].records.count == 20 }
                #expect(ContinuousClock.now - stopped < .seconds(16))
                #expect(given[0].records.isEmpty)
                second.cancel()
                _ = await second.result
            }
        }

        @Test(arguments: LogKind.allCases)
        func `whose lease has passed to another can commit nothing more`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let storage = log.storage
                let old = try await storage.claim(["orders"], for: "g", member: UUID(), lease: .milliseconds(20))[0]
                let (next, other) = (UUID(), UUID())
                try await eventually {
                    try await !storage.claim(["orders"], for: "g", member: next, lease: .seconds(60)).isEmpty
                }
                let new = try await storage.claim(["orders"], for: "g", member: next, lease: .seconds(60))[0]
                #expect(new.epoch > old.epoch)
                #expect(try await storage.claim(["orders"], for: "g", member: other, lease: .seconds(60)).isEmpty)
                let refusals = [
                    try await failure { try await storage.commit(1, in: place, by: "g", epoch: old.epoch) },
                    try await failure { try await storage.committed(in: place, by: "g", epoch: old.epoch) },
                ]
                for refusal in refusals { guard case .revoked(place) = refusal else { throw refusal } }
                try await storage.commit(1, in: place, by: "g", epoch: new.epoch)
                #expect(try await storage.committed(in: place, by: "g", epoch: new.epoch) == CommittedPlace(1))
                try await storage.release(nil, of: "g", member: next)
                #expect(try await storage.claim(["orders"], for: "g", member: other, lease: .seconds(60)).count == 1)
                #expect(try await log.lag(of: "g").map(\.committed) == [1])
            }
        }

        @Test(arguments: LogKind.allCases)
        func `shares differ by one at most, and what is too much is said`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 5))
                let (storage, members) = (log.storage, [UUID(), UUID(), UUID()])
                func claim(_ member: UUID) async throws -> [GroupLease] {
                    try await storage.claim(["orders"], for: "g", member: member, lease: .seconds(60))
                }
                #expect(try await claim(members[0]).count == 5)
                for round in 0..<4 {
                    for member in members {
                        let surplus = try await claim(member).filter(\.isSurplus).map(\.partition)
                        #expect(round == 0 || surplus.isEmpty || member == members[0])
                        try await storage.release(surplus, of: "g", member: member)
                    }
                }
                var counts: [Int] = []
                for member in members { counts.append(try await claim(member).count) }
                #expect(counts.sorted() == [1, 2, 2])
                let refusal = try await failure {
                    try await storage.claim(["orders", "others"], for: "g", member: members[0], lease: .seconds(1))
                }
                guard case .unknownTopic("others") = refusal else { throw refusal }
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a stopped group is set to any place`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                let producer = try await log.producer()
                for number in 0..<5 {
                    try await producer.send(Record("a", "\(number)"), to: "orders")
                    try await Task.sleep(for: .milliseconds(2))
                }
                let time = try await log.records(of: place)[3].appendedAt
                let places: [(SeekPlace, Offset)] = [
                    (.beginning, 0), (.end, 5), (.offset(2), 2), (.offset(99), 5), (.offset(-1), 0), (.time(time), 3),
                    (.time(.distantPast), 0), (.time(time.addingTimeInterval(3600)), 5),
                ]
                for (wanted, found) in places {
                    try await log.seek("g", in: "orders", to: wanted)
                    let lag = try await log.lag(of: "g")
                    #expect(lag.map(\.committed) == [found], "\(wanted)")
                    #expect(lag.map(\.records) == [5 - found.rawValue])
                }
                guard
                    case .unknownTopic = try await failure(in: { try await log.seek("g", in: "others", to: .end) })
                else { throw StreamingLogError.unknownTopic("others") }
                _ = try await failure { try await log.seek("h", in: "others", to: .end) }
                #expect(try await log.groups().map(\.name) == ["g"])
                let reader = UUID()
                let leases = try await log.storage.claim(["orders"], for: "g", member: reader, lease: .seconds(60))
                let epoch = leases[0].epoch
                let sought = try await log.storage.committed(in: place, by: "g", epoch: epoch)
                #expect(sought == CommittedPlace(5, isSought: true))
                try await log.storage.commit(5, in: place, by: "g", epoch: epoch)
                #expect(try await log.storage.committed(in: place, by: "g", epoch: epoch) == CommittedPlace(5))
                let refusals = [
                    try await failure { try await log.seek("g", in: "orders", to: .end) },
                    try await failure { try await log.delete(group: "g") },
                ]
                for refusal in refusals {
                    guard case .groupIsActive("g", members: 1) = refusal else { throw refusal }
                }
                try await log.storage.release(nil, of: "g", member: reader)
                try await log.delete(group: "g")
                #expect(try await log.groups().isEmpty)
                #expect(try await log.lag(of: "g").isEmpty)
            }
        }

        @Test(arguments: LogKind.allCases)
        func `lag is counted in records and in time`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 2))
                try await log.producer().send((0..<4).map { Record("a", "\($0)", partition: 0) }, to: "orders")
                try await log.seek("g", in: "orders", to: .offset(1))
                try await Task.sleep(for: .milliseconds(20))
                let lag = try await log.lag(of: "g")
                #expect(lag.map(\.partition.number) == [0, 1])
                #expect(lag.map(\.committed) == [1, 0])
                #expect(lag.map(\.end) == [4, 0])
                #expect(lag.map(\.records) == [3, 0])
                #expect(lag[0].time >= .milliseconds(20) && lag[0].time < .seconds(600))
                #expect(lag[1].time == .zero)
                #expect(lag.allSatisfy { $0.member == nil })
            }
        }

        @Test(arguments: LogKind.allCases)
        func `a deleted topic's offsets are gone for the next one of its name`(kind: LogKind) async throws {
            try await kind.withEmbeddedLog { log async throws in
                try await log.create(Topic("orders", partitions: 1))
                try await fill(log, 0..<5)
                try await log.storage.commit(5, of: place, for: "g")
                try await log.delete("orders")
                try await log.create(Topic("orders", partitions: 1))
                #expect(try await log.lag(of: "g").allSatisfy { $0.committed == nil })
                let lease = try await log.storage.claim(["orders"], for: "g", member: UUID(), lease: .seconds(60))[0]
                #expect(try await log.storage.committed(in: place, by: "g", epoch: lease.epoch) == nil)
            }
        }
    }
}
