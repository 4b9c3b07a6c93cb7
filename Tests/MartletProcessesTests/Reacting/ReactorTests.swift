import FoundationEssentials
import Martlet
import Testing

@testable import MartletProcesses

@Suite struct ReactorTests {
    @Test func `only an event that starts one makes an instance`() throws {
        var bench = ErrandBench()
        #expect(try bench.tell(.complete).ignored == "no instance")
        #expect(try bench.due("t", 1).ignored == "no instance")
        #expect(bench.instance == nil)
        try bench.ask([])
        #expect(bench.status == .running)
    }

    @Test func `a second start is an input like any other`() throws {
        var bench = try ErrandBench(.send("a", undo: nil))
        #expect(try bench.ask([.send("b", undo: nil)]).issued == ["2 b"])
        #expect(bench.instance?.phase == "2")
    }

    @Test func `a reaction that throws leaves neither an instance nor a change of one`() throws {
        Stones.lay("threshold")
        var bench = ErrandBench()
        #expect(throws: Stumbled.self) { try bench.ask([.stumble(over: "threshold")]) }
        #expect(bench.instance == nil)
        try bench.ask([.call("a", undo: .call), .startTimer("t")])
        let before = bench.instance
        #expect(throws: Stumbled.self) { try bench.tell(.stumble(over: "threshold")) }
        #expect(throws: Stumbled.self) { try bench.answer(1, .stumble(over: "threshold")) }
        #expect(throws: ProcessFlaw.effectAfterEnd(of: "errand")) {
            try bench.tell(.call("b", undo: nil), .complete, .send("c", undo: nil))
        }
        #expect(throws: ProcessFlaw.effectAfterEnd(of: "errand")) { try bench.answer(1, .compensate, .complete) }
        #expect(bench.instance == before)
    }

    @Test func `completing withdraws calls and timers, and nothing comes in any more`() throws {
        var bench = try ErrandBench(.call("a", undo: .call), .startTimer("t"), .send("b", undo: .command))
        let reaction = try bench.tell(.complete)
        #expect(reaction.ended == [1])
        #expect(reaction.changes.contains(.endedTimer("t")))
        #expect(reaction.changes.last == .closed(.completed))
        let after = bench.instance
        #expect(try bench.answer(1).ignored == "it has ended")
        #expect(try bench.due("t", 2).ignored == "it has ended")
        #expect(try bench.tell(.send("c", undo: nil)).ignored == "it has ended")
        #expect(try bench.journal(.compensationRequested(reason: "r", by: "ada")).ignored == "it has ended")
        #expect(bench.instance == after)
    }

    @Test func `a command that is refused or skipped after the end is off the table all the same`() throws {
        var bench = try ErrandBench(.send("a", undo: nil), .complete)
        #expect(try bench.refuse(1) == Reaction(changes: [.ended(number: 1)], ignored: "it has ended"))
        #expect(try bench.journal(.skipped(ErrandBench.command(1), reason: "r", by: "ada")).ended == [1])
        #expect(try bench.journal(.retried(ErrandBench.command(1), by: "ada")).changes == [.reissued(number: 1)])
    }

    @Test func `compensation undoes backwards, one at a time, and so ends`() throws {
        var bench = try ErrandBench(
            .onCompensation("z"), .send("a", undo: .command), .call("b", undo: .call), .call("c", undo: nil))
        let begun = try bench.tell(.compensate)
        #expect(begun.ended == [2, 3])
        #expect(begun.issued == ["4 undo b"])
        #expect(try bench.answer(2).ignored == "not awaited")
        #expect(try bench.tell(.complete).ignored == "it is being compensated")
        #expect(try bench.answer(4).issued == ["5 undo a"])
        #expect(try bench.answer(4).ignored == "not awaited")
        #expect(try bench.journal(.delivered(ErrandBench.command(5))).issued == ["6 undo z"])
        let end = try bench.journal(.delivered(ErrandBench.command(6)))
        #expect(end.changes == [.ended(number: 6), .closed(.compensated)])
        #expect((bench.status, bench.undoing, bench.instance?.reason) == (.compensated, nil, "wished"))
        #expect(try bench.journal(.retried(ErrandBench.command(1), by: "ada")).ignored == "it has ended")
    }

    @Test func `an undo step says which command it undoes, and none where it undoes a call`() throws {
        var bench = try ErrandBench(.call("a", undo: .command), .send("b", undo: .call))
        func undoes(_ reaction: Reaction) -> [Int?] {
            reaction.changes.compactMap { if case .issued(let effect) = $0 { .some(effect.undoes) } else { nil } }
        }
        #expect(undoes(try bench.tell(.compensate)) == [2])
        #expect(undoes(try bench.answer(3)) == [nil])
    }

    @Test func `compensation that is asked for twice, or while a step is undone, is done once`() throws {
        var bench = try ErrandBench(.send("a", undo: .command), .send("b", undo: .command))
        #expect(try bench.journal(.compensationRequested(reason: "first", by: "ada")).issued == ["3 undo b"])
        let again = try bench.journal(.compensationRequested(reason: "second", by: "bob"))
        #expect(again.ignored == "it is being compensated already")
        #expect((bench.undoing, bench.instance?.reason) == (3, "first"))
    }

    @Test func `what is refused needs no undoing, also when the refusal comes during compensation`() throws {
        var bench = try ErrandBench(.send("a", undo: .command), .send("b", undo: .command))
        #expect(try bench.tell(.compensate).issued == ["3 undo b"])
        let refusal = try bench.refuse(1)
        #expect(refusal == Reaction(changes: [.ended(number: 1)], ignored: "it is being compensated"))
        #expect(try bench.journal(.delivered(ErrandBench.command(3))).changes.last == .closed(.compensated))
    }

    @Test func `an undo step is done when it is delivered, answered or skipped, and by nothing else`() throws {
        var bench = try ErrandBench(.send("a", undo: .command), .send("b", undo: .command))
        try bench.tell(.compensate)
        let before = bench.instance
        #expect(try bench.journal(.failed(ErrandBench.call(3), problem: "p")).changes.isEmpty)
        #expect(try bench.refuse(3).changes.isEmpty)
        #expect(try bench.journal(.delivered(ErrandBench.command(2))).changes.isEmpty)
        #expect(bench.instance == before)
        let skip = JournalEvent.skipped(ErrandBench.command(3), reason: "r", by: "ada")
        #expect(try bench.journal(skip).issued == ["4 undo a"])
        #expect(try bench.journal(skip).changes == [.ended(number: 3)])
        #expect(bench.undoing == 4)
    }

    @Test func `a call that is skipped fails, a command that is skipped is not undone`() throws {
        var bench = try ErrandBench(.call("a", undo: .call), .send("b", undo: .command), .call("c", undo: .call))
        try bench.answer(3)
        try bench.journal(.skipped(ErrandBench.call(1), reason: "r", by: "ada"))
        #expect(bench.instance?.phase == "3")
        try bench.journal(.skipped(ErrandBench.command(2), reason: "r", by: "ada"))
        // It was answered already, and so may have had an effect.
        try bench.journal(.skipped(ErrandBench.call(3), reason: "r", by: "ada"))
        #expect(bench.instance?.book.undo.map(\.step) == ["a", "c"])
    }

    @Test func `a step that was to be left is not undone, and an unknown one may be left`() throws {
        var bench = try ErrandBench(.send("a", undo: .command), .onCompensation("z"))
        try bench.tell(.leaveDone("nothing"), .leaveDone("a"))
        #expect(try bench.tell(.compensate).issued == ["2 undo z"])
    }

    @Test func `an answer that was recorded twice is taken once`() throws {
        var bench = try ErrandBench(.call("a", undo: nil))
        #expect(try bench.answer(1, .send("b", undo: nil)).issued == ["2 b"])
        #expect(try bench.answer(1, .send("b", undo: nil)) == .ignored("not awaited"))
        #expect(try bench.journal(.failed(ErrandBench.call(1), problem: "p")) == .ignored("not awaited"))
    }

    @Test func `a refusal that was recorded twice is taken once`() throws {
        var bench = try ErrandBench(.send("a", undo: nil))
        #expect(try bench.refuse(1, .send("b", undo: nil)).issued == ["2 b"])
        #expect(try bench.refuse(1, .send("b", undo: nil)) == .ignored("not awaited"))
        #expect(try bench.journal(.retried(ErrandBench.command(1), by: "ada")).changes.isEmpty)
    }

    @Test func `a timer that was started anew is not due by its old number`() throws {
        var bench = try ErrandBench(.startTimer("t"))
        try bench.tell(.startTimer("t"))
        #expect(try bench.due("t", 1).ignored == "the timer runs no more")
        #expect(try bench.due("t", 2).changes == [.endedTimer("t")])
        #expect(try bench.due("t", 2).ignored == "the timer runs no more")
        #expect(try bench.tell(.cancelTimer("t")).changes.isEmpty)
    }

    @Test(arguments: [-1, 0, 2, Int.max]) func `what was never issued is nothing`(number: Int) throws {
        var bench = try ErrandBench(.call("a", undo: nil))
        let before = bench.instance
        let effect = ErrandBench.call(number)
        let events: [JournalEvent] = [
            .answered(effect, answer: "{}"), .failed(effect, problem: "p"), .refused(effect, rejection: "{}"),
            .delivered(effect), .retried(effect, by: "ada"), .skipped(effect, reason: "r", by: "ada"),
        ]
        for event in events { #expect(try bench.journal(event) == .ignored("never issued")) }
        #expect(bench.instance == before)
    }

    @Test func `only what is being undone is tried again during compensation`() throws {
        var bench = try ErrandBench(.send("a", undo: .command))
        #expect(try bench.journal(.retried(ErrandBench.command(1), by: "ada")).changes == [.reissued(number: 1)])
        try bench.tell(.compensate)
        #expect(try bench.journal(.retried(ErrandBench.command(1), by: "ada")).ignored == "it is being compensated")
        #expect(try bench.journal(.retried(ErrandBench.command(2), by: "ada")).changes == [.reissued(number: 2)])
    }

    @Test func `of an instance that is compensated only the last words are tried again`() throws {
        var bench = ErrandBench()
        bench.reactor = Reactor(Mourner.self)
        try bench.ask([.send("a", undo: .command)])
        try bench.tell(.compensate)
        #expect(try bench.journal(.delivered(ErrandBench.command(2))).issued == ["3 farewell"])
        #expect(bench.status == .compensated)
        for number in 1...2 {
            #expect(try bench.journal(.retried(ErrandBench.command(number), by: "ada")).ignored == "it has ended")
        }
        #expect(try bench.journal(.retried(ErrandBench.command(3), by: "ada")).changes == [.reissued(number: 3)])
    }
}

/// An errand that has something to say when all is undone.
private struct Mourner: ProcessManager {
    static let name = "errand"
    var errand = Errand()

    mutating func react(to input: Errand.Input) throws -> [Effect] { try errand.react(to: input) }

    func compensated(because _: String, at _: Date) -> [Effect] {
        [.send(.take("farewell"), to: Desk.ID("shelf"), as: "farewell")]
    }
}
