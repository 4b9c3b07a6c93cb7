import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@Suite(.tags(.database)) struct HandlerFaultTests {
    @Test func `whatever a handler does wrong parks its message only, whatever its key`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let consumers = try await stage.consumers(of: log) { Faulty() }
            let faults = ["cancelled", "swallowed", "deferred", "committed", "idle"]
            let keys: [[UInt8]?] = [[0], [0xff, 0xfe], nil, [], Array("k".utf8)]
            var records: [Record] = []
            for (fault, key) in zip(faults, keys) {
                records += [Record(key: key, value: Array(fault.utf8), messageID: fault)]
                records += [Record(key: Array(fault.utf8), value: nil, messageID: "\(fault) beside")]
            }
            await log.append(records, to: TopicPartition("orders", 0))
            try await running(consumers) {
                let consumer = consumers.consumers[0]
                try await becomesTrue { try await consumer.status().dead == 4 }
                // What is committed by the handler itself cannot be taken back, nor done twice.
                try await becomesTrue { try await stage.count() == 6 }
                let outcome = try await consumer.replayAll()
                #expect(outcome.replayed == 0)
                #expect(outcome.failed.keys.sorted() == [1, 2, 3, 4])
            }
            #expect(try await stage.effects().map(\.key).sorted() == (faults.map { $0 } + [""]).sorted())
        }
    }
}

/// What others hold back.
@Suite(.tags(.database)) struct HeldMessageTests {
    private let orders = TopicPartition("orders", 0)

    @Test func `a message whose row somebody holds for long waits, and other keys go on`() async throws {
        try await Stage.with { stage in
            try await stage.pool.execute("CREATE TABLE places (key text PRIMARY KEY)")
            try await stage.pool.execute("INSERT INTO places VALUES ('a'), ('b'), ('c')")
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            let consumers = try await stage.consumers(of: log) { Placing() }
            let holder = try await Connection.open(stage.database.configuration)
            try await holder.query("BEGIN")
            try await holder.query("SELECT FROM places WHERE key = 'a' FOR UPDATE")
            let records = ["a", "b", "a", "c"].enumerated().map { sender.record($1, "\($0)") }
            await log.append(records, to: orders)
            try await running(consumers) {
                try await becomesTrue { try await stage.effects().map(\.key) == ["b", "c"] }
                let letters = try await consumers.consumers[0].letters()
                #expect(letters.map(\.message.text) == ["0", "2"])
                #expect(letters.allSatisfy { $0.state == .waiting })
                try await holder.query("COMMIT")
                try await becomesTrue { try await stage.values(of: "a") == ["0", "2"] }
            }
        }
    }

    @Test func `that a message is put behind its key's letter does not end an outage`() async throws {
        try await Stage.with { stage in
            let isAway = Mutex(false)
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            let consumers = try await stage.consumers(of: log) {
                Notes { message in
                    if message.text == "poison" { throw Broken() }
                    if isAway.withLock(\.self) { throw DependencyUnavailable("the mail server does not answer") }
                }
            }
            let consumer = consumers.consumers[0]
            try await running(consumers) {
                await log.append([sender.record("a", "poison")], to: orders)
                try await becomesTrue { try await consumer.status().dead == 1 }
                // Behind a failure messages go one by one for a while.
                await log.append((0..<4).map { sender.record("c", "\($0)") }, to: orders)
                try await becomesTrue { try await stage.count() == 4 }
                isAway.withLock { $0 = true }
                await log.append([sender.record("a", "1"), sender.record("b", "2")], to: orders)
                try await becomesTrue { try await consumer.status().dead == 2 }
                try await becomesTrue { try await consumer.status().state == .waiting }
                isAway.withLock { $0 = false }
                try await becomesTrue { try await stage.values(of: "b") == ["2"] }
            }
            #expect(stage.incidents.count(of: "waits for what it depends on") == 1)
        }
    }
}

/// Needs a row for each key.
private struct Placing: MessageHandler {
    static let name = "placing"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(attempts: 1, firstDelay: .milliseconds(20), longestDelay: .milliseconds(20))

    func handle(_ message: Message, in transaction: Transaction) async throws {
        try await transaction.query("SET LOCAL lock_timeout = '50ms'")
        try await transaction.query("SELECT FROM places WHERE key = \(message.key ?? "") FOR UPDATE")
        transaction.enqueueEffect(of: message)
    }
}

/// Does wrong what a message's value says.
private struct Faulty: MessageHandler {
    static let name = "faulty"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(attempts: 2, firstDelay: .milliseconds(20), longestDelay: .milliseconds(20))

    func handle(_ message: Message, in transaction: Transaction) async throws {
        switch message.text {
        case "cancelled": throw CancellationError()
        case "swallowed": do { try await transaction.query("SELECT 1 / 0") } catch {}
        case "deferred":
            transaction.enqueue("CREATE TEMPORARY TABLE IF NOT EXISTS one (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            transaction.enqueue("INSERT INTO one VALUES (1), (1)")
        case "committed":
            transaction.enqueueEffect(of: message)
            try await transaction.query("COMMIT")
        case "idle": try await Task.sleep(for: .milliseconds(2200))
        default: transaction.enqueueEffect(of: message)
        }
    }
}
