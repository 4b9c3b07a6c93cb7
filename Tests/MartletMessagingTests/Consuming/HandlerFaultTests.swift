import Martlet
import MartletPostgres
import MartletTesting
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
