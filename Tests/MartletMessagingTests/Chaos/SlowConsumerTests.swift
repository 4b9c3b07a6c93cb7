import Martlet
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@Suite(.tags(.database)) struct SlowConsumerTests {
    @Test func `a slow consumer keeps little in memory and is waited for by nobody`() async throws {
        try await Ground.with(.own) { ground in
            _ = try await ground.consumers()
            let log = ground.application.log
            try await log.create(Topic("backlog", partitions: 2))
            let producer = try await log.producer()
            let (few, backlog) = (100, 20_000)
            var sender = Backlog()
            try await producer.send(sender.records(few), to: "backlog")
            let unburdened = try ground.slowReader()
            defer { unburdened.kill() }
            #expect(try await becomesTrue(within: .seconds(30)) { try await ground.slowlyRead() == few })
            let usual = try unburdened.peakMemory()
            unburdened.kill()

            for _ in 0..<(backlog / 500) { try await producer.send(sender.records(500), to: "backlog") }
            let slow = try ground.slowReader()
            defer { slow.kill() }
            let fast = Mutex(0)
            let group = Task {
                try await log.consume(["backlog"], as: "fast", options: ConsumeOptions()) { partition in
                    while true {
                        let page = try await partition.next(upTo: FetchLimits())
                        fast.withLock { $0 += page.count }
                    }
                }
            }
            defer { group.cancel() }
            for _ in 0..<200 { try await producer.send(sender.records(5), to: "backlog") }
            #expect(try await becomesTrue(within: .seconds(60)) { fast.withLock { $0 } == few + backlog + 1000 })
            // The others are through, and it is not.
            let read = try await ground.slowlyRead()
            #expect(read < backlog)
            #expect(try await becomesTrue(within: .seconds(60)) { try await ground.slowlyRead() > 3_000 })
            // What waits is 40 MB.
            let peak = try slow.peakMemory()
            #expect(peak < usual + (8 << 10), "\(peak) KiB, and \(usual) KiB with little to read")
        }
    }
}

extension Ground {
    fileprivate func slowlyRead() async throws -> Int {
        try await audit.effects.query("SELECT coalesce(sum(records), 0)::bigint FROM pages")[0].decode(Int.self)
    }
}

/// Two senders' records of two kilobytes each.
private struct Backlog {
    private var senders = [Sender("sender 0"), Sender("sender 1")]
    private var count = 0
    private let text = String(repeating: "x", count: 2_000)

    mutating func records(_ number: Int) -> [Record] {
        (0..<number).map { _ in
            count += 1
            var record = senders[count % 2].record(nil, text)
            record.partition = count % 2
            return record
        }
    }
}
