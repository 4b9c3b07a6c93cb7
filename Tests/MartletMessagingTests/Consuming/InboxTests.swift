import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@Suite(.tags(.database)) struct InboxTests {
    private let orders = TopicPartition("orders", 0)

    @Test func `duplicates, other orders and delays change nothing: each effect is once, and in its key's order`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders", partitions: 3)
            var sent: [String: [String]] = [:]
            for partition in 0..<3 {
                var senders = (0..<3).map { Sender("sender \($0)") }
                var records: [Record] = []
                for number in 0..<200 {
                    let sender = number % 3
                    let key = "\(partition)-\(sender)-\(number % 5)"
                    sent[key, default: []].append("\(number)")
                    let record = senders[sender].record(key, "\(number)")
                    records += Array(repeating: record, count: number % 4 == 0 ? 3 : 1)
                }
                // Some come later than what was sent after them.
                for place in stride(from: 0, to: records.count - 7, by: 11) { records.swapAt(place, place + 6) }
                await log.append(records, to: TopicPartition("orders", partition))
            }
            let calls = Mutex(0)
            log.deliver { _, page in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                // Of some pages something is missing until they are read again.
                let held = call % 3 == 0 && page.count > 40 ? page.count / 2 : nil
                let found = page.enumerated().filter { $0.offset != held }.map(\.element)
                return found.shuffled() + found.prefix(20)
            }
            log.state.withLock { $0.losesCommits = true }
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.count() >= 600 }
            }
            let effects = try await stage.effects()
            #expect(effects.count == 600)
            for (key, values) in sent { #expect(effects.filter { $0.key == key }.map(\.value) == values) }
        }
    }

    @Test func `how far a partition is is told four times a second at most, and in the end of the last message`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            let start = ContinuousClock.now
            try await running(try await stage.consumers(of: log) { Notes() }) {
                for number in 1...40 {
                    await log.append([sender.record("a", "\(number)")], to: orders)
                    try await becomesTrue { try await stage.count() == number }
                }
                try await becomesTrue { log.state.withLock { $0.committed[orders] == 40 } }
            }
            let most = Int((ContinuousClock.now - start) / .milliseconds(250)) + 1
            #expect((1...most).contains(log.state.withLock(\.timesCommitted)))
        }
    }

    @Test(arguments: [ConsumerSteps.Step.received, .handled, .committed, .acknowledged])
    func `a process that dies between any two steps leaves each effect once`(step: ConsumerSteps.Step) async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders", partitions: 2)
            let reached = Mutex(0)
            let steps = ConsumerSteps { found throws(ConsumerSteps.Crash) in
                guard found == step else { return }
                let times = reached.withLock { times in
                    times += 1
                    return times
                }
                if times % 2 == 1, times < 20 { throw ConsumerSteps.Crash() }
            }
            let consumers = try await stage.consumers(of: log, steps: steps) { Patient() }
            try await running(consumers) {
                var senders = [Sender("sender"), Sender("sender")]
                for number in 0..<10 {
                    for partition in 0..<2 {
                        let records = (0..<3).map { senders[partition].record("k\($0)", "\(number)") }
                        await log.append(records, to: TopicPartition("orders", partition))
                    }
                    try await becomesTrue { try await stage.count() >= 6 * (number + 1) }
                    // What is done is told the log a little later.
                    if step == .acknowledged, number < 5 {
                        try await becomesTrue { reached.withLock { $0 } > number }
                    }
                }
                #expect(reached.withLock { $0 } > 4)
            }
            let effects = try await stage.effects()
            #expect(effects.count == 60)
            #expect(Dictionary(grouping: effects) { $0 }.values.allSatisfy { $0.count == 2 })
        }
    }

    @Test func `two members that both think that they have a partition double nothing`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            log.state.withLock { $0.losesCommits = true }
            let (first, second) = (
                try await stage.consumers(of: log) { Notes() }, try await stage.consumers(of: log) { Notes() }
            )
            try await running(first, second) {
                var sender = Sender("sender")
                for number in 0..<100 {
                    await log.append([sender.record("a", "\(number)"), sender.record("b", "\(number)")], to: orders)
                    if number % 10 == 0 { try await Task.sleep(for: .milliseconds(20)) }
                }
                try await becomesTrue { log.state.withLock { $0.commits } == [1: 200, 2: 200] }
            }
            let all = (0..<100).map { "\($0)" }
            #expect(try await stage.values(of: "a") == all)
            #expect(try await stage.values(of: "b") == all)
        }
    }

    @Test func `messages that their producers do not number are known by their ids, in whatever partition they come`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders", partitions: 2)
            let records = (0..<20).map { number in
                Record(key: Array("k\(number)".utf8), value: Array("\(number)".utf8), messageID: "m\(number)")
            }
            let nameless = Record(key: [1], value: Array("nameless".utf8))
            let long = Record(key: [1], value: Array("long".utf8), messageID: String(repeating: "x", count: 9000))
            for partition in 0..<2 {
                await log.append(
                    records + records.reversed() + [nameless, long, long], to: TopicPartition("orders", partition))
            }
            log.state.withLock { $0.losesCommits = true }
            for _ in 0..<2 {
                try await running(try await stage.consumers(of: log) { Notes() }) {
                    try await becomesTrue { try await stage.count() >= 23 }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            #expect(try await stage.count() == 23)
        }
    }

    @Test func `ids are forgotten by whole tables, once they are old enough`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let consumers = try await stage.consumers(of: log) { Notes() }
            func taken(_ id: String) async throws -> Bool? {
                try await stage.pool.query("SELECT martlet_inbox.take_ids('notes', \([id]))").first?
                    .decode([Bool].self).first
            }
            #expect(try await taken("a") == true)
            #expect(try await taken("a") == false)
            let ids = ForeignIDs(pool: stage.pool, schema: "martlet_inbox", retention: .milliseconds(700))
            try await Task.sleep(for: .milliseconds(110))
            try await ids.keep()
            #expect(try await taken("a") == false)
            #expect(try await taken("b") == true)
            try await Task.sleep(for: .milliseconds(720))
            try await ids.keep()
            #expect(try await taken("a") == true)
            #expect(try await taken("b") == false)
            withExtendedLifetime(consumers) {}
        }
    }

    @Test func `a batch handler gets a page at once, and one by one what is in a page that fails`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            await log.append((0..<50).map { sender.record("k\($0)", "\($0)") }, to: orders)
            let sizes = Mutex<[Int]>([])
            let handler = Batches { messages in
                sizes.withLock { $0.append(messages.count) }
                if messages.contains(where: { $0.text == "25" }) { throw Broken() }
            }
            let consumers = try await stage.consumers(of: log) { handler }
            try await running(consumers) {
                try await becomesTrue {
                    let status = try await consumers.consumers[0].status()
                    return try await stage.count() == 49 && status.dead == 1
                }
            }
            #expect(sizes.withLock { $0.first } == 50)
            #expect(try await consumers.consumers[0].letters().map(\.message.text) == ["25"])
        }
    }

    @Test func `a hole stops the partition loudly until an operator accepts it`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders", partitions: 2)
            var (sender, other) = (Sender("sender"), Sender("other"))
            let records = (0..<4).map { sender.record("a", "\($0)") }
            await log.append([records[0], records[2], records[3]], to: orders)
            await log.append([other.record("b", "0")], to: TopicPartition("orders", 1))
            let consumers = try await stage.consumers(of: log) { Notes() }
            let consumer = consumers.consumers[0]
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().state == .stopped }
                #expect(stage.incidents.has("expected message 20 of producer \"sender\""))
                #expect(try await stage.values(of: "a") == ["0"])
                #expect(try await stage.values(of: "b") == ["0"])
                try await consumer.acceptHole(in: orders, reason: "sent by hand", by: "ada")
                try await becomesTrue { try await stage.values(of: "a") == ["0", "2", "3"] }
                #expect(try await consumer.status().state == .running)
            }
        }
    }

    @Test func `what retention has taken is passed, and told`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            await log.append([sender.record("a", "0")], to: orders)
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.count() == 1 }
            }
            await log.append((1..<5).map { sender.record("a", "\($0)") }, to: orders)
            log.state.withLock { $0.beginnings[orders] = 3 }
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.values(of: "a") == ["0", "3", "4"] }
            }
            #expect(stage.incidents.has("passed a hole"))
        }
    }

    @Test func `a consumer that is paused has no effects until it goes on`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            let consumers = try await stage.consumers(of: log) { Notes() }
            let consumer = consumers.consumers[0]
            try await running(consumers) {
                await log.append([sender.record("a", "0")], to: orders)
                try await becomesTrue { try await stage.count() == 1 }
                try await consumer.pause(reason: "moving house")
                await log.append([sender.record("a", "1")], to: orders)
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await stage.count() == 1)
                let status = try await consumer.status()
                #expect(status.state == .paused && status.reason == "moving house" && status.lag == 1)
                try await consumer.resume()
                try await becomesTrue { try await stage.count() == 2 }
            }
        }
    }
}

struct Broken: Error {}

/// Is never given up in the time of a test.
private struct Patient: MessageHandler {
    static let name = "patient"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(
        attempts: 100, firstDelay: .milliseconds(20), longestDelay: .milliseconds(40))

    func handle(_ message: Message, in transaction: Transaction) async throws {
        transaction.enqueueEffect(of: message)
    }
}

struct Batches: BatchMessageHandler {
    static let name = "batches"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(attempts: 2, firstDelay: .milliseconds(20), longestDelay: .milliseconds(20))

    let behave: @Sendable ([Message]) throws -> Void

    init(_ behave: @escaping @Sendable ([Message]) throws -> Void) { self.behave = behave }

    func handle(_ messages: [Message], in transaction: Transaction) async throws {
        for message in messages { transaction.enqueueEffect(of: message) }
        try behave(messages)
    }
}
