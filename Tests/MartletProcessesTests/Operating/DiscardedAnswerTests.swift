import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct DiscardedAnswerTests {
    /// Spoils the instance's state, or mends it.
    private func store(_ state: String, in office: Office) async throws {
        try await office.application.pool.execute("UPDATE martlet.process_instances SET state = \(state)::json")
    }

    @Test func `a step whose answer was discarded can be skipped, so that the instance goes on`() async throws {
        let policy = CallPolicy(attempts: 9, pause: .seconds(600), longestPause: .seconds(600))
        let clerk = Clerk(policy) { request, _ in
            guard request == "undo k" else { throw Busy() }
            return "done"
        }
        try await Office.with(clerk) { office in
            let chores = office.application.process(Chores.self)
            try await office.running {
                try await office.begin(.work)
                try await office.wait(for: "SELECT problem IS NOT NULL FROM martlet.process_effects")
                try await store("{}", in: office)
                try await office.journal(.compensationRequested(reason: "rain", by: "ada"))
                // That the undo is done cannot be taken while the state cannot be read.
                try await office.wait(for: "SELECT true FROM martlet.dead_letters WHERE state = 'parked'")
                await #expect(throws: ProcessOperationError.self) {
                    try await chores.skip("undo", of: "k", reason: "it rains", by: "ada")
                }
                try await chores.discardParked("k", reason: "the state is spoilt", by: "ada")
                try await store(#"{"phase":"mended"}"#, in: office)
                try await chores.skip("undo", of: "k", reason: "it was done", by: "ada")
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
        }
    }

    @Test func `a step that is being tried cannot be skipped`() async throws {
        let policy = CallPolicy(attempts: 9, pause: .seconds(600), longestPause: .seconds(600))
        let clerk = Clerk(policy) { _, _ in throw Busy() }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                try await office.wait(for: "SELECT problem IS NOT NULL FROM martlet.process_effects")
                await #expect(
                    throws: ProcessOperationError.notParked(process: "chores", key: "k", step: "work", attempts: 1)
                ) { try await office.application.process(Chores.self).skip("work", of: "k", reason: "no", by: "ada") }
            }
        }
    }
}
