import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletCLI

@Suite(.tags(.database)) struct DeadLetterCommandTests {
    private func request(_ words: String...) throws -> ConsumersCommand.Request {
        try ConsumersCommand.request(try ConsumersCommand.syntax.parse(words))
    }

    @Test func `a decision needs a reason, somebody who made it and a key`() throws {
        let decision = ConsumersCommand.Decision(reason: "by phone", actor: "ada", isSure: true)
        #expect(
            try request("notes", "42", "--discard", "--reason", "by phone", "--by", "ada", "--yes")
                == .discard(name: "notes", key: "42", decision))
        let unsure = ConsumersCommand.Decision(reason: "by phone", actor: "ada", isSure: false)
        #expect(
            try request("notes", "--accept-hole", "orders/2", "--reason", "by phone", "--by", "ada")
                == .acceptHole(name: "notes", TopicPartition("orders", 2), unsure))
        for words in [
            ["notes", "42", "--discard", "--by", "ada"], ["notes", "--discard", "--reason", "x", "--by", "ada"],
            ["notes", "--accept-hole", "orders", "--reason", "x", "--by", "ada"],
            ["notes", "--decisions", "--letters"], ["notes", "--decisions", "--yes"],
            ["notes", "42"], ["notes", "--pause"], ["notes", "--replay", "--resume"],
        ] {
            #expect(throws: UsageError.self) {
                try ConsumersCommand.request(try ConsumersCommand.syntax.parse(words))
            }
        }
    }

    @Test func `an operator sees what could not be handled, and has it handled once it can be`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            let isMended = Mutex(false)
            let consumers = try await stage.consumers(of: log) {
                Notes { message in if message.key == "a", !isMended.withLock(\.self) { throw Broken() } }
            }
            func run(_ words: String...) async throws -> (text: String, exitCode: ExitCode) {
                try await ConsumersCommand(consumers).run(try ConsumersCommand.syntax.parse(words))
            }
            var sender = Sender("sender")
            await log.append(
                ["1", "2"].map { sender.record("a", $0) } + [sender.record("b", "3")], to: TopicPartition("orders", 0))
            try await running(consumers) {
                try await becomesTrue { try await consumers.consumers[0].status().dead == 2 }
                let overview = try await run()
                #expect(overview.exitCode == .failure && overview.text.contains("2 messages of notes are dead"))
                #expect(try await run("notes", "--letters").text.contains("Broken()"))
                #expect(try await run("notes", "--letters", "--json").text.contains("\"key\":\"a\""))
                #expect(try await run("notes", "a", "--replay").exitCode == .failure)
                isMended.withLock { $0 = true }
                #expect(try await run("notes", "a", "--replay").text == "replayed 2 messages")
                #expect(try await run("notes", "--json").exitCode == .success)
                #expect(try await run("notes", "--pause", "--reason", "tea").text.contains("notes is paused: tea"))
                #expect(try await run("notes", "--resume").text.contains("running"))
            }
        }
    }
}
