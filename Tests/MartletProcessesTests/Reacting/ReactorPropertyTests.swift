import Martlet
import MartletJSON
import Testing

@testable import MartletProcesses

/// Any process, any inputs: what holds of all of them.
@Suite struct ReactorPropertyTests {
    @Test(arguments: 0..<40) func `whatever comes in, an instance keeps the rules`(seed: Int) throws {
        for run in 0..<40 {
            var life = RandomLife(seed: UInt64(seed * 1000 + run))
            for _ in 0..<60 { try life.goOn() }
        }
    }

    /// Of what use the test above would be if nothing ever came to pass in it.
    @Test func `lives end in both ways, throw, and undo several steps`() throws {
        var (ends, longest, thrown): ([InstanceStatus: Int], Int, Int) = ([:], 0, 0)
        for seed in 0..<400 {
            var life = RandomLife(seed: UInt64(seed))
            for _ in 0..<60 { try life.goOn() }
            if let status = life.instance?.status { ends[status, default: 0] += 1 }
            longest = max(longest, life.undone.count)
            thrown += life.thrown
        }
        #expect(ends[.completed, default: 0] > 20 && ends[.compensated, default: 0] > 20)
        #expect(longest >= 3)
        #expect(thrown > 20)
    }
}

/// One instance under random inputs: new and repeated ones, late ones, foreign numbers, an operator's decisions at any
/// time; and a model of it that knows only what the reactor has said.
private struct RandomLife {
    private var random: SeededGenerator
    private var bench = ErrandBench()
    private var steps = 0
    private var recorded: [JournalEvent] = []

    private var numbers = 0
    private var issued: [Int: IssuedEffect] = [:]
    private var calls: Set<Int> = []
    private var timers: [String: Int] = [:]
    /// The steps that can be undone, in the order in which they were asked for.
    private var undoable: [String] = []
    private(set) var undone: [Int] = []
    private var closed: InstanceStatus?
    private(set) var thrown = 0

    var instance: Instance? { bench.instance }

    init(seed: UInt64) { random = SeededGenerator(state: seed) }

    mutating func goOn() throws {
        try throughStorage()
        let before = bench.instance
        let wishes = someWishes()
        do {
            let reaction: Reaction
            if bench.instance == nil {
                reaction = try bench.ask(wishes)
                note(wishes, reaction)
            } else if chance(3) {
                reaction = try bench.tell(wishes: wishes)
                note(wishes, reaction)
            } else {
                let event = try someEvent(wishes)
                recorded.append(event)
                reaction = try bench.journal(event)
                if event.carriesWishes { note(wishes, reaction) }
            }
            check(reaction, from: before)
        } catch {
            thrown += 1
            #expect(bench.instance == before)
        }
    }

    /// What is stored is what there was.
    private mutating func throughStorage() throws {
        guard let known = bench.instance else { return }
        let book = try PayloadDecoder().decode(Book.self, from: try PayloadEncoder().encode(known.book))
        #expect(book == known.book)
        let state = try PayloadDecoder().decode(Errand.self, from: known.state)
        #expect(try PayloadEncoder().encode(state) == known.state)
        bench.instance?.book = book
    }

    private mutating func note(_ wishes: [Wish], _ reaction: Reaction) {
        guard reaction.ignored == nil else { return }
        for wish in wishes {
            switch wish {
            case .send(let step, _?), .call(let step, _?), .onCompensation(let step): undoable.append("undo \(step)")
            default: break
            }
        }
    }

    private mutating func check(_ reaction: Reaction, from before: Instance?) {
        if closed != nil {
            #expect(bench.instance == before)
            #expect(!reaction.changes.contains { !$0.isLate })
            return
        }
        for change in reaction.changes { take(change) }
        guard let instance = bench.instance else { return }
        #expect(Set(instance.book.calls) == calls && instance.book.calls.count == calls.count)
        #expect(instance.book.timers == timers)
        #expect(instance.book.count == numbers)
        #expect(instance.status == closed ?? (undone.isEmpty ? .running : .compensating))
        if reaction.ignored != nil {
            #expect(instance.state == before?.state && instance.status == before?.status)
        }
    }

    private mutating func take(_ change: Reaction.Change) {
        #expect(closed == nil)
        switch change {
        case .issued(let effect):
            #expect(effect.number == numbers + 1)
            numbers = effect.number
            issued[effect.number] = effect
            if effect.isUndo { undo(effect) } else if effect.outgoing.kind == .call { calls.insert(effect.number) }
        case .ended(let number):
            calls.remove(number)
            #expect(issued[number] != nil || number <= numbers)
        case .reissued(let number): #expect(number >= 1 && number <= numbers)
        case .startedTimer(let timer, let number, _):
            #expect(number == numbers + 1)
            numbers = number
            timers[timer.rawValue] = number
        case .endedTimer(let timer): #expect(timers.removeValue(forKey: timer.rawValue) != nil)
        case .closed(let status): closed = status
        }
    }

    /// Each at most once, and later steps before earlier ones.
    private mutating func undo(_ effect: IssuedEffect) {
        guard let place = undoable.firstIndex(of: effect.outgoing.step.rawValue) else {
            Issue.record("undone and never asked for: \(effect)")
            return
        }
        #expect(undone.last.map { place < $0 } ?? true)
        undone.append(place)
        #expect(calls.isEmpty && timers.isEmpty)
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

    private mutating func someUndo() -> Wish.Undo? { [.command, .call, nil].randomElement(using: &random) ?? nil }

    private mutating func someWishes() -> [Wish] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
            steps += 1
            let step = "s\(steps)"
            return switch Int.random(in: 0..<24, using: &random) {
            case 0..<6: .send(step, undo: someUndo())
            case 6..<12: .call(step, undo: someUndo())
            case 12..<15: .startTimer("t\(Int.random(in: 0..<3, using: &random))")
            case 15..<17: .cancelTimer("t\(Int.random(in: 0..<3, using: &random))")
            case 17, 18: .leaveDone("s\(Int.random(in: 1...steps, using: &random))")
            case 19, 20, 21: .onCompensation(step)
            case 22: .complete
            default: .compensate
            }
        }
    }

    private mutating func someEvent(_ wishes: [Wish]) throws -> JournalEvent {
        if !recorded.isEmpty, chance(6), let again = recorded.randomElement(using: &random), !again.carriesWishes {
            return again
        }
        let number = Int.random(in: 0...(numbers + 1), using: &random)
        let (call, command) = (ErrandBench.call(number), ErrandBench.command(number))
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<6: return .answered(call, answer: try ErrandBench.json(Oracle.Answer(wishes: wishes)))
        case 6, 7: return .failed(call, problem: "p")
        case 8..<10: return .refused(command, rejection: try ErrandBench.json(Desk.Rejection(wishes: wishes)))
        case 10..<15: return .delivered(command)
        case 15, 16:
            return .timerDue(
                timer: TimerName(rawValue: "t\(Int.random(in: 0..<3, using: &random))"), number: number,
                at: .distantPast)
        case 17: return .retried(command, by: "ada")
        case 18: return .skipped(chance(2) ? call : command, reason: "r", by: "ada")
        default: return .compensationRequested(reason: "r", by: "ada")
        }
    }
}

extension ErrandBench {
    fileprivate mutating func tell(wishes: [Wish]) throws -> Reaction { try take(.told(wishes), isStart: false) }
}

extension JournalEvent {
    fileprivate var carriesWishes: Bool {
        switch self {
        case .answered, .refused: true
        default: false
        }
    }
}

extension Reaction.Change {
    fileprivate var isLate: Bool {
        switch self {
        case .ended, .reissued: true
        case .issued, .startedTimer, .endedTimer, .closed: false
        }
    }
}

/// SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
