import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

@Suite(.tags(.database)) struct ErrandTests {
    private let errands = Processes(Errand.self, calling: Oracle())

    @Test(arguments: [Wish.Undo.command, .elsewhere, .call])
    func `what is refused while its undo is already issued is not undone`(undo: Wish.Undo) async throws {
        try await ErrandOffice.with { office in
            _ = try await office.program(errands)
            // In one reaction: the command is not even sent when its undo is issued.
            try await office.ask("1", .offer("a", undo: undo), .compensate)
            try await office.ask("2", .send("b", undo: undo), .compensate)
            try await office.running(errands) { (_) async throws in
                let ended: SQL = "SELECT FROM martlet.process_instances WHERE status = 'compensated'"
                #expect(try await office.count(ended, becomes: 2) == 2)
            }
            let steps = try await office.clerk.pool.query(
                """
                SELECT payload->>'_0' FROM martlet.events WHERE type = 'desk.took' ORDER BY position
                """
            ).map { row in try row.decode(String.self) }
            #expect(steps == (undo == .call ? ["b"] : ["b", "undo b"]))
            let inputs = try await office.clerk.pool.query(
                "SELECT input FROM martlet.process_history WHERE instance = '1' ORDER BY position"
            ).map { row in try row.decode(String.self) }
            #expect(inputs.first == "desk.asked")
            #expect(Set(inputs.dropFirst()) == ["a refused", "undo a skipped by martlet"])
            #expect(try await office.count("SELECT FROM martlet.process_effects", becomes: 0) == 0)
        }
    }

    @Test func `starts, answers and ends of many instances are one batch as well as many`() async throws {
        try await ErrandOffice.with { office in
            _ = try await office.program(errands)
            for number in 0..<100 {
                let key = "\(number)"
                try await office.ask(key, .call("a", undo: .call), .startTimer("t"), .onCompensation("z"))
                try await office.clerk.store.append(
                    [
                        .answered(
                            EffectReference(number: 1, round: 1, step: "a", target: Oracle.name),
                            answer: try ErrandBench.json(Oracle.Answer(wishes: [.startTimer("u"), .cancelTimer("t")])))
                    ],
                    to: Journal<Errand>.ID(key), expecting: .any)
                try await office.tell(key, .complete)
                try await office.tell(key, .send("late", undo: nil))
            }
            try await office.running(errands) { program in
                let head = try await program.store.head()
                #expect(try await program.process(Errand.self).follower.caughtUp(to: head, within: .seconds(20)))
            }
            let all: SQL = "SELECT FROM martlet.process_instances WHERE status = 'completed' AND phase = '3'"
            #expect(try await office.count(all, becomes: 100, within: .zero) == 100)
            let histories: SQL = """
                SELECT FROM martlet.process_history GROUP BY instance
                HAVING array_agg(ignored ORDER BY position) = ARRAY[NULL, NULL, NULL, 'it has ended']
                    AND array_agg(phase_before ORDER BY position) = ARRAY[NULL, '1', '2', '3']
                """
            #expect(try await office.count(histories, becomes: 100, within: .zero) == 100)
            #expect(try await office.count("SELECT FROM martlet.process_effects", becomes: 0, within: .zero) == 0)
            #expect(try await office.count("SELECT FROM martlet.process_timers", becomes: 0, within: .zero) == 0)
        }
    }

    @Test func `one instance of 500 that throws is parked with what comes later, and retried in order`() async throws {
        try await ErrandOffice.with { office in
            _ = try await office.program(errands)
            let stone = office.database.name
            Stones.lay(stone)
            for number in 0..<500 {
                try await office.ask("\(number)", .startTimer("t"))
                if number == 250 { try await office.tell("\(number)", .stumble(over: stone)) }
            }
            try await office.running(errands) { program in
                let later = try await office.tell("250", .complete)
                let process = program.process(Errand.self)
                #expect(try await process.caughtUp(to: later, within: .seconds(30)))
                let others: SQL = "SELECT FROM martlet.process_instances WHERE status = 'running' AND phase = '1'"
                #expect(try await office.count(others, becomes: 500, within: .zero) == 500)
                #expect(try await office.parked() == ["250": 2])
                #expect(try await process.follower.retry("250").problem == "Stumbled()")
                Stones.remove(stone)
                let outcome = try await process.follower.retry("250")
                #expect((outcome.projected, outcome.problem) == (2, nil))
            }
            let instance = try #require(try await office.instance("250"))
            #expect((instance.status, instance.phase) == ("completed", "3"))
            #expect(try await office.count("SELECT FROM martlet.process_timers", becomes: 499, within: .zero) == 499)
        }
    }

    @Test func `instances whose keys look alike or are odd are different ones`() async throws {
        let keys = [
            "a", "a/1.1", "a/1.1/end", "a/1", "a/1/due", "a-b", "\u{E9}", "e\u{301}", "50%'\"\\ \u{2603}", " ",
            String(repeating: "long", count: 113),
        ]
        try await ErrandOffice.with { office in
            try await office.running(errands) { program in
                for key in keys {
                    try await office.ask(key, .call("a", undo: nil), .send("b", undo: nil), .offer("c", undo: nil))
                }
                // "errand-" and this are more than what can be the id of a command.
                try await office.ask(String(repeating: "x", count: 454))
                let answered: SQL = "SELECT FROM martlet.process_instances WHERE phase = '3'"
                #expect(try await office.count(answered, becomes: keys.count) == keys.count)
                for key in keys { try await office.tell(key, .complete) }
                let ended: SQL = "SELECT FROM martlet.process_instances WHERE status = 'completed'"
                #expect(try await office.count(ended, becomes: keys.count) == keys.count)
            }
            #expect(try await office.parked() == [String(repeating: "x", count: 454): 1])
            let steps: SQL = "SELECT FROM martlet.events WHERE type = 'desk.took'"
            #expect(try await office.count(steps, becomes: keys.count, within: .zero) == keys.count)
        }
    }

    @Test func `answers are not forgotten while what they answer may be sent again`() async throws {
        try await ErrandOffice.with { office in
            try await office.running(errands) { (_) async throws in
                try await office.ask("1", .send("a", undo: nil), .complete)
                #expect(try await office.count("SELECT FROM martlet.commands", becomes: 1) == 1)
                #expect(try await office.count("SELECT FROM martlet.process_effects", becomes: 0) == 0)
            }
            // As it is when a program ends before it has taken what it has delivered off the table.
            try await office.clerk.pool.execute(
                """
                INSERT INTO martlet.process_effects
                    (build, issued_at, number, partition, is_undo, instance, kind, target, step, body, metadata)
                SELECT b.build, clock_timestamp() - interval '1 h', 1, 0, false, '1', 'command', 'desk-shelf', 'a', '{}',
                    '{}'
                FROM martlet.projection_builds b
                """)
            #expect(try await office.clerk.store.forgetCommands(olderThan: .seconds(-60)) == 0)
            try await office.clerk.pool.execute("DELETE FROM martlet.process_effects")
            #expect(try await office.clerk.store.forgetCommands(olderThan: .seconds(-60)) == 1)
        }
    }

    @Test func `a command that is refused when its process is over leaves nothing behind`() async throws {
        try await ErrandOffice.with { office in
            try await office.running(errands) { (_) async throws in
                try await office.ask("1", .offer("a", undo: .command), .complete)
                #expect(try await office.count("SELECT FROM martlet.process_history", becomes: 2) == 2)
                #expect(try await office.count("SELECT FROM martlet.process_effects", becomes: 0) == 0)
            }
        }
    }
}
