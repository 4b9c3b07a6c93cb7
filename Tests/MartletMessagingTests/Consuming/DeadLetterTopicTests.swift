import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Testing

@Suite(.tags(.database)) struct DeadLetterTopicTests {
    private let orders = TopicPartition("orders", 0)

    @Test func `a dead letter that is too large for its topic does not keep the others from it`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            log.state.withLock { $0.largestRecord = 1000 }
            let consumers = try await stage.consumers(of: log) { Notes { _ in throw Broken() } }
            var sender = Sender("sender")
            let large = String(repeating: "x", count: 900)
            await log.append(
                [sender.record("a", "1"), sender.record("b", large), sender.record("c", "3")], to: orders)
            try await running(consumers) {
                try await becomesTrue { log.records(of: "orders.notes.dead").count == 2 }
                try await becomesTrue { stage.incidents.has("cannot be sent to its topic") }
            }
            #expect(try await consumers.consumers[0].status().dead == 3)
        }
    }

    @Test func `that dead letters do not get to their topic is told when it has lasted, and later they get there`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let full = PostgresError(sqlState: SQLState(rawValue: "53100"), message: "the disk is full")
            log.state.withLock { $0.refusal = .database(full) }
            let consumers = try await stage.consumers(of: log, patience: .milliseconds(200)) {
                Notes { _ in throw Broken() }
            }
            var sender = Sender("sender")
            await log.append([sender.record("a", "1")], to: orders)
            try await running(consumers) {
                try await becomesTrue { stage.incidents.has("does not get its dead letters to their topic") }
                #expect(stage.incidents.has("the disk is full"))
                log.state.withLock { $0.refusal = nil }
                try await becomesTrue { log.records(of: "orders.notes.dead").count == 1 }
            }
        }
    }

    @Test func `the letters of a new inbox come behind those of an earlier one in their topic`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            log.state.withLock { state in
                state.topics["orders.notes.dead"] = [[]]
                state.sequences["notes/dead orders.notes.dead/0"] = 50
                state.epochs["notes/dead"] = 7
            }
            let consumers = try await stage.consumers(of: log) { Notes { _ in throw Broken() } }
            var sender = Sender("sender")
            await log.append([sender.record("a", "1"), sender.record("b", "2")], to: orders)
            try await running(consumers) {
                try await becomesTrue { log.records(of: "orders.notes.dead").count == 2 }
            }
        }
    }

    @Test func `what consumes several dead-letter topics takes a message from each`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let failing = try await stage.consumers(of: log) {
                Notes { _ in throw Broken() }
                Batches { _ in throw Broken() }
            }
            let record = Record(
                key: [65], value: [66], headers: [.init("ce_id", "1"), .init("ce_source", "/shop")])
            await log.append([record], to: orders)
            try await running(failing) {
                try await becomesTrue {
                    !log.records(of: "orders.notes.dead").isEmpty && !log.records(of: "orders.batches.dead").isEmpty
                }
            }
            try await running(try await stage.consumers(of: log) { Undertaker() }) {
                try await becomesTrue { try await stage.count() == 2 }
            }
        }
    }
}

private struct Undertaker: MessageHandler {
    static let name = "undertaker"
    static let topics: [TopicName] = ["orders.notes.dead", "orders.batches.dead"]

    func handle(_ message: Message, in transaction: Transaction) async throws {
        transaction.enqueueEffect(of: message)
    }
}
