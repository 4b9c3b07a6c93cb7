import Martlet
import MartletPostgres
import MartletStreamingLog
import MartletTesting
import Testing

@testable import MartletMessaging

@Suite(.tags(.database)) struct ConsumingTests {
    @Test func `consumers read the log that Martlet brings along, from another database`() async throws {
        try await Stage.with { stage in
            try await ThrowawayDatabase.with { other in
                let log = EmbeddedLog(postgres: other.configuration)
                try await log.migrate()
                try await log.create(Topic("orders", partitions: 4))
                let consumers = try await stage.consumers(of: log) { Notes() }
                let second = try await stage.consumers(of: log) { Notes() }
                try await running(consumers, second) {
                    var senders = (0..<4).map { Sender("sender \($0)") }
                    let producer = try await log.producer()
                    for number in 0..<200 {
                        let key = "k\(number % 16)"
                        let partition = Partitioner.partition(of: Array(key.utf8), among: 4)
                        try await producer.send([senders[partition].record(key, "\(number)")], to: "orders")
                    }
                    try await becomesTrue { try await stage.count() >= 200 }
                    try await becomesTrue {
                        let status = try await consumers.consumers[0].status()
                        return status.partitions.count == 4 && status.lag == 0
                    }
                }
                #expect(try await stage.count() == 200)
                for key in 0..<16 {
                    #expect(
                        try await stage.values(of: "k\(key)") == (0..<200).filter { $0 % 16 == key }.map { "\($0)" })
                }
            }
        }
    }
}

struct SiftingTests {
    private func arrivals(_ numbers: [(String, Int64, Int64)]) -> [Arrival] {
        numbers.enumerated().map { index, number in
            Arrival(
                StoredRecord(
                    partition: TopicPartition("orders", 0), offset: Offset(rawValue: Int64(index)), key: nil, value: [],
                    headers: [
                        .init("martlet-producer", number.0), .init("martlet-sequence", "\(number.1)"),
                        .init("martlet-after", "\(number.2)"),
                    ], messageID: nil, timestamp: .distantPast, appendedAt: .distantPast))
        }
    }

    @Test func `the messages of one producer change places among themselves`() {
        let found = arrivals([("p", 3, 2), ("q", 1, -1), ("p", 1, -1), ("p", 2, 1)]).inProducersOrder()
        #expect(found.map(\.offset.rawValue) == [2, 1, 3, 0])
    }

    @Test func `what was taken is left out, and before what is missing it ends`() {
        let found = arrivals([("p", 3, 2), ("p", 5, 3), ("p", 5, 3), ("q", 9, 8), ("p", 9, 7), ("q", 10, 9)])
        let sifting = Sifting(found[...], known: { $0 == "p" ? 3 : nil }, upTo: 10, mayPass: { _, _ in false })
        #expect(sifting.taken.map(\.offset.rawValue) == [1, 3])
        #expect(sifting.looked == 4)
        #expect(sifting.marks == ["p": 5, "q": 9])
        #expect(sifting.hole == Sifting.Hole(producer: "p", after: 7, last: 5, sequence: 9))
    }

    @Test func `what follows another message than the one that was taken is of another history`() {
        let found = arrivals([("p", 7, 4), ("p", 9, 7), ("letters", 9, -1)])
        var gap = Gaps()
        gap.begin()
        let taken = Sifting(found[...], known: { _ in 4 }, upTo: 10, mayPass: { _, _ in false })
        #expect(taken.taken.count == 3)
        // Offsets that are missing, too, do not let it pass.
        let sifting = Sifting(found[...], known: { _ in 8 }, upTo: 10, behind: gap, mayPass: { $1 })
        #expect(sifting.looked == 1 && sifting.hole?.isOfAnotherHistory == true)
        #expect(sifting.hole?.description.hasSuffix("found 8, which the log has lost") == true)
    }

    @Test func `names are told apart by their bytes`() {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let found = arrivals([(composed, 7, -1), (decomposed, 5, -1), (composed, 7, -1)])
        let sifting = Sifting(found[...], known: { _ in nil }, upTo: 10, mayPass: { _, _ in false })
        #expect(sifting.taken.map(\.offset.rawValue) == [0, 1])
        let foreign = [composed, decomposed, composed].map { id in
            Arrival(
                StoredRecord(
                    partition: TopicPartition("orders", 0), offset: 7, key: nil, value: nil, headers: [], messageID: id,
                    timestamp: .distantPast, appendedAt: .distantPast))
        }
        let ids = Sifting(foreign[...], known: { _ in nil }, upTo: 10, mayPass: { _, _ in false }).foreignIDs
        #expect(ids.map(\.utf8.count) == [5, 6])
        #expect(ProducerID(composed) != ProducerID(decomposed))
    }

    @Test func `headers that are no numbers make a message foreign`() {
        let record = StoredRecord(
            partition: TopicPartition("orders", 0), offset: 7, key: nil, value: nil,
            headers: [.init("martlet-producer", "p"), .init("martlet-sequence", "many"), .init("martlet-after", "-1")],
            messageID: "m", timestamp: .distantPast, appendedAt: .distantPast)
        #expect(MessageIdentity(of: Message(record)) == .foreign(id: "m"))
    }
}

struct OutageBreakerTests {
    private func pass(_ breaker: inout OutageBreaker, at instant: ContinuousClock.Instant) throws -> OutageBreaker.Pass
    {
        guard case .go(let pass) = breaker.admit(at: instant) else { throw Broken() }
        return pass
    }

    @Test func `after an outage one message is tried, and others once that has gone well`() throws {
        var breaker = OutageBreaker()
        let now = ContinuousClock.now
        let (first, second) = (try pass(&breaker, at: now), try pass(&breaker, at: now))
        let told = breaker.failed(first, at: now) { _ in .seconds(1) }
        let toldAgain = breaker.failed(second, at: now) { _ in .seconds(1) }
        #expect(told == .seconds(1) && toldAgain == nil)
        let early = breaker.admit(at: now)
        #expect(early == .wait(.seconds(1)))

        let trial = try pass(&breaker, at: now + .seconds(1))
        let meanwhile = breaker.admit(at: now + .seconds(1))
        #expect(trial.isTrial && meanwhile == .wait(.milliseconds(50)))
        let longer = breaker.failed(trial, at: now + .seconds(1)) { .seconds($0) }
        #expect(longer == .seconds(2))

        let again = try pass(&breaker, at: now + .seconds(3))
        let hasEnded = breaker.succeeded(again)
        #expect(hasEnded)
        let free = try pass(&breaker, at: now + .seconds(3))
        #expect(!free.isTrial)
    }
}
