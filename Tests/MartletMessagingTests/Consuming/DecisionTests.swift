import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletCLI

@Suite(.tags(.database)) struct DecisionTests {
    private let orders = TopicPartition("orders", 0)

    private func run(
        _ words: String..., on consumers: Consumers
    ) async throws -> (text: String, exitCode: ExitCode) {
        try await ConsumersCommand(consumers).run(try ConsumersCommand.syntax.parse(words))
    }

    @Test func `who accepts a hole is recorded with why, and with what was missing`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            let records = (0..<3).map { sender.record("a", "\($0)") }
            await log.append([records[0], records[2]], to: orders)
            let consumers = try await stage.consumers(of: log) { Notes() }
            let consumer = consumers.consumers[0]
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().state == .stopped }
                await #expect(throws: ConsumerError.unexplained(missing: "an actor")) {
                    try await consumer.acceptHole(in: orders, reason: "sent by hand", by: " ")
                }
                #expect(try await run("notes", "--decisions", on: consumers).text == "nothing was decided")
                let decision = ["--accept-hole", "orders/0", "--reason", "sent by hand", "--by", "ada"]
                let accepted = try await ConsumersCommand(consumers).run(
                    try ConsumersCommand.syntax.parse(["notes"] + decision))
                #expect(accepted.exitCode == .success)
                try await becomesTrue { try await stage.values(of: "a") == ["0", "2"] }
            }
            let found = try await consumer.decisions()
            #expect(found.map(\.kind) == [.acceptedHole] && found.map(\.partition) == [orders])
            #expect(found.map(\.reason) == ["sent by hand"] && found.map(\.actor) == ["ada"])
            #expect(found.first?.problem?.contains("expected message 20 of producer \"sender\"") == true)
            #expect(try await consumer.decisions(of: "a").isEmpty)
            // Where nothing has stopped there is nothing to be accepted, nor to be recorded.
            await #expect(throws: ConsumerError.notStopped(consumer: "notes", orders)) {
                try await consumer.acceptHole(in: orders, reason: "again", by: "ada")
            }
            #expect(try await consumer.decisions().count == 1)
        }
    }

    @Test func `what was discarded and replayed is listed, the last first, with who has decided it`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let isMended = Mutex(false)
            let consumers = try await stage.consumers(of: log) {
                Notes { _ in if !isMended.withLock(\.self) { throw Broken() } }
            }
            let consumer = consumers.consumers[0]
            var sender = Sender("sender")
            await log.append(["a", "b", "c"].map { sender.record($0, $0) }, to: orders)
            try await running(consumers) {
                try await becomesTrue { try await consumer.status().dead == 3 }
                try await consumer.discard("a", reason: "a double", by: "ada")
                isMended.withLock { $0 = true }
                try await consumer.replay("b")
                try await consumer.discard("c", reason: "written by hand", by: "bob")
            }
            let found = try await consumer.decisions()
            #expect(found.map(\.kind) == [.discarded, .replayed, .discarded])
            #expect(found.map(\.key) == ["c", "b", "a"] && found.map(\.offset) == [2, 1, 0])
            #expect(found.map(\.actor) == ["bob", nil, "ada"])
            #expect(try await consumer.decisions(limit: 2).map(\.key) == ["c", "b"])
            let text = try await run("notes", "--decisions", on: consumers).text
            #expect(text.contains("discarded  orders/0        0  a    ada  a double         Broken()"))
            let json = try await run("notes", "a", "--decisions", "--json", on: consumers).text
            #expect(json.hasPrefix(#"{"consumer":"notes","decisions":[{"decision":"discarded","decidedAt":"#))
            #expect(json.hasSuffix(#""key":"a","problem":"Broken()","reason":"a double","by":"ada"}]}"#))
        }
    }
}
