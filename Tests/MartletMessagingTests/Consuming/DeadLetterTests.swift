import Glibc
import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@Suite(.tags(.database)) struct DeadLetterTests {
    private let orders = TopicPartition("orders", 0)

    @Test func `a message that fails parks its key only, and the replay after the fix drains in order`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let isMended = Mutex(false)
            let handler = Notes { message in
                if message.text == "a1", !isMended.withLock(\.self) { throw Broken() }
            }
            let consumers = try await stage.consumers(of: log) { handler }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            try await running(consumers) {
                for number in 0..<5 {
                    await log.append(
                        [sender.record("a", "a\(number)"), sender.record("b", "b\(number)"), sender.record(nil, "")],
                        to: orders)
                }
                try await becomesTrue { try await consumer.status().dead == 4 }
                #expect(try await stage.values(of: "a") == ["a0"])
                #expect(try await stage.values(of: "b") == ["b0", "b1", "b2", "b3", "b4"])
                #expect(stage.incidents.has("parked a message") && stage.incidents.has("gave a message up"))
                let letters = try await consumer.letters()
                #expect(letters.map(\.message.text) == ["a1", "a2", "a3", "a4"])
                #expect(letters.map(\.attempts) == [3, 0, 0, 0])
                #expect(letters.map(\.problem) == ["Broken()", nil, nil, nil])

                // What comes to a dead key goes behind it.
                await log.append([sender.record("a", "a5")], to: orders)
                try await becomesTrue { try await consumer.status().dead == 5 }
                let failed = try await consumer.replay("a")
                #expect(failed.replayed == 0 && failed.failed.values.sorted() == ["Broken()"])
                isMended.withLock { $0 = true }
                #expect(try await consumer.replay("a").replayed == 5)
                await log.append([sender.record("a", "a6")], to: orders)
                try await becomesTrue { try await stage.values(of: "a").count == 7 }
            }
            #expect(try await stage.values(of: "a") == (0..<7).map { "a\($0)" })
        }
    }

    @Test func `what fails for a while is tried again by itself, and what waits behind it follows in order`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let tries = Mutex(0)
            let handler = Notes { message in
                guard message.text == "1" else { return }
                let number = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                // Once in its page, once alone, once as a letter.
                if number < 4 { throw Broken() }
            }
            let consumers = try await stage.consumers(of: log) { handler }
            var sender = Sender("sender")
            await log.append((0..<20).map { sender.record("a", "\($0)") }, to: orders)
            try await running(consumers) {
                try await becomesTrue { try await stage.count() == 20 }
                await log.append([sender.record("a", "20")], to: orders)
                try await becomesTrue { try await stage.count() == 21 }
            }
            #expect(try await stage.values(of: "a") == (0...20).map { "\($0)" })
            let status = try await consumers.consumers[0].status()
            #expect(status.waiting == 0 && status.dead == 0)
        }
    }

    @Test func `tries are counted before they are made: what ends the process each time is given up`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let deaths = Mutex(0)
            let handler = Notes { message in
                guard message.text == "poison" else { return }
                deaths.withLock { $0 += 1 }
                throw ConsumerSteps.Crash()
            }
            let consumers = try await stage.consumers(of: log) { handler }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            await log.append(
                [sender.record("a", "0"), sender.record("b", "poison"), sender.record("c", "2")], to: orders)
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().dead == 1 }
                try await becomesTrue { try await stage.count() == 2 }
            }
            // Within its page, alone, and as a letter as often as the policy allows.
            #expect(deaths.withLock { $0 } <= 5)
            #expect(try await consumer.letters().first?.attempts ?? 0 >= 3)
        }
    }

    @Test func `what waits behind a message of its key is not suspected of having ended a process`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let isCured = Mutex(false)
            let handler = Stubborn { message in
                if message.text == "0", !isCured.withLock(\.self) { throw Broken() }
            }
            let consumers = try await stage.consumers(of: log) { handler }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            await log.append([sender.record("a", "0")], to: orders)
            try await running(consumers) { try await becomesTrue { try await consumer.status().waiting == 1 } }
            // As a process leaves it that was killed when it came to the second message, alone.
            try await stage.pool.execute(
                "UPDATE martlet_inbox.inboxes SET claimed_offset = next_offset, tried_offset = 1, tries = 1")
            await log.append([sender.record("a", "1")], to: orders)
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().waiting == 2 }
                try await Task.sleep(for: .milliseconds(200))
                #expect(try await stage.count() == 0)
                isCured.withLock { $0 = true }
                try await becomesTrue { try await stage.count() == 2 }
            }
            #expect(try await stage.values(of: "a") == ["0", "1"])
        }
    }

    @Test func `that the partition goes to another member as a message is parked is not the message's fault`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            log.state.withLock { $0.revokes = true }
            let isCured = Mutex(false)
            let handler = Stubborn { _ in
                guard !isCured.withLock(\.self) else { return }
                // So that the log is told at once.
                usleep(300_000)
                throw Broken()
            }
            let consumers = try await stage.consumers(of: log) { handler }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            await log.append([sender.record("a", "0")], to: orders)
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().waiting == 1 }
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(try await consumer.status().state == .running)
            log.state.withLock { $0.revokes = false }
            isCured.withLock { $0 = true }
            try await running(consumers) { try await becomesTrue { try await stage.count() == 1 } }
        }
    }

    @Test func `with the other policy what comes behind a message that is tried again is a dead letter at once`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let consumers = try await stage.consumers(of: log) { Hasty() }
            var sender = Sender("sender")
            await log.append(["1", "2", "3"].map { sender.record("a", $0) } + [sender.record("b", "4")], to: orders)
            try await running(consumers) {
                try await becomesTrue {
                    let status = try await consumers.consumers[0].status()
                    return status.dead == 2 && status.waiting == 1
                }
                try await becomesTrue { try await stage.count() == 1 }
            }
        }
    }

    @Test func `each dead letter is once in the dead-letter topic, with what failed and why`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders", partitions: 2)
            let crashes = Mutex(0)
            let steps = ConsumerSteps { step throws(ConsumerSteps.Crash) in
                guard step == .sent else { return }
                let times = crashes.withLock { times in
                    times += 1
                    return times
                }
                if times < 4 { throw ConsumerSteps.Crash() }
            }
            let handler = Notes { message in if message.key != "good" { throw Broken() } }
            let consumers = try await stage.consumers(of: log, steps: steps) { handler }
            for partition in 0..<2 {
                var sender = Sender("sender")
                let records = (0..<4).map { sender.record("bad\($0 % 2)", "\(partition) \($0)") }
                await log.append(
                    records + [sender.record("good", "fine")], to: TopicPartition("orders", partition))
            }
            try await running(consumers) {
                try await becomesTrue { log.records(of: "orders.notes.dead").count >= 8 }
                try await becomesTrue {
                    try await stage.pool.query(
                        "SELECT FROM martlet_inbox.letters WHERE unsent_consumer IS NOT NULL"
                    ).isEmpty
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            let dead = log.records(of: "orders.notes.dead")
            #expect(dead.count == 8)
            let first = try #require(dead.first { $0.value == Array("0 0".utf8) })
            #expect(first.key == Array("bad0".utf8))
            #expect(first.header("dead-letter-error") == "Broken()")
            #expect(first.header("dead-letter-attempts") == "3")
            #expect(first.header("dead-letter-topic") == "orders")
            #expect(first.header("dead-letter-partition") == "0" && first.header("dead-letter-offset") == "0")
            #expect(first.header("ce_traceparent") == "00-trace" && first.header("martlet-producer") == "notes/dead")
        }
    }

    @Test func `a letter that an operator discards lets go what stands behind it`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let consumers = try await stage.consumers(of: log) { Notes { if $0.text == "1" { throw Broken() } } }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            await log.append((0..<3).map { sender.record("a", "\($0)") }, to: orders)
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().dead == 2 }
                let first = try #require(try await consumer.letters(of: "a").first)
                await #expect(throws: ConsumerError.unexplained(missing: "a reason")) {
                    try await consumer.discard(letter: first.id, reason: " ", by: "ada")
                }
                try await consumer.discard(letter: first.id, reason: "a test order", by: "ada")
                #expect(try await consumer.replayAll().replayed == 1)
                await log.append([sender.record("a", "3")], to: orders)
                try await becomesTrue { try await stage.values(of: "a") == ["0", "2", "3"] }
            }
            await #expect(throws: ConsumerError.noLetters(consumer: "notes", key: "a")) {
                try await consumer.replay("a")
            }
        }
    }

    @Test func `while what a consumer depends on is away it waits, and no message counts as failed`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let isAway = Mutex(true)
            let tries = Mutex(0)
            let handler = Notes { _ in
                tries.withLock { $0 += 1 }
                if isAway.withLock(\.self) { throw DependencyUnavailable("the mail server does not answer") }
            }
            let consumers = try await stage.consumers(of: log) { handler }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            await log.append((0..<30).map { sender.record("k\($0)", "\($0)") }, to: orders)
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().state == .waiting }
                #expect(try await consumer.status().outage?.problem == "the mail server does not answer")
                try await becomesTrue { tries.withLock { $0 } == 2 }
                isAway.withLock { $0 = false }
                try await becomesTrue { try await stage.count() == 30 }
                try await becomesTrue { try await consumer.status().state == .running }
            }
            #expect(try await consumer.status().dead == 0)
            #expect(try await consumer.letters().isEmpty)
            #expect(stage.incidents.has("waits for what it depends on"))
        }
    }
}

/// Fails whatever has the key "a".
private struct Hasty: MessageHandler {
    static let name = "hasty"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(attempts: 3, whileRetrying: .keyGoesToDeadLetters)

    func handle(_ message: Message, in transaction: Transaction) async throws {
        if message.key == "a" { throw Broken() }
        transaction.enqueueEffect(of: message)
    }
}

/// Tries again soon, and very often.
private struct Stubborn: MessageHandler {
    static let name = "stubborn"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(
        attempts: 10_000, firstDelay: .milliseconds(20), longestDelay: .milliseconds(40))

    let behave: @Sendable (Message) throws -> Void

    func handle(_ message: Message, in transaction: Transaction) async throws {
        transaction.enqueueEffect(of: message)
        try behave(message)
    }
}
