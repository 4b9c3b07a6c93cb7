import FoundationEssentials
import Martlet
import MartletEventStore

/// An instance with what has come in to it, the timers that it has, and what it has asked for and not got yet.
struct ProcessStory<P: ProcessManager>: Sendable {
    /// Everything that came in, as the log has it in production.
    private(set) var log = StoryLog(pause: 0)
    private(set) var run = InstanceRun<P>()
    /// What the process has asked for since the latest step of the story began.
    private(set) var asked: [Effect] = []
    /// Why the process could not react; nothing comes in to it then.
    private(set) var problem: String?
    /// Commands that are not refused and calls that have no answer, by their numbers.
    private var open: [Int: IssuedEffect] = [:]
    private var timers: [TimerName: (number: Int, due: Date)] = [:]

    /// The next step begins.
    mutating func turnPage() { asked = [] }

    /// - Throws: why it cannot come in, which is the test's mistake.
    mutating func take(_ input: CameIn) throws {
        switch input.kind {
        case .events(let happened): try take(happened)
        case .time(let duration): try passTime(until: log.now.later(by: duration))
        case .outcome(let provider, let step, let outcome, let isAnswer):
            let reference = try call(of: provider, as: step, isAnswer ? "an answer" : "the failure of a call")
            let text = try outcome.mapError(ProcessMistake.init).get()
            try append(
                isAnswer ? .answered(reference, answer: text) : .failed(reference, problem: text))
        case .refusal(let category, let step, let rejection):
            let reference = try command(to: category, as: step)
            try append(.refused(reference, rejection: try rejection.mapError(ProcessMistake.init).get()))
        case .skip(let step, let reason):
            try append(.skipped(try effect(as: step), reason: reason, by: "an operator"))
        case .compensation(let reason):
            try append(.compensationRequested(reason: reason, by: "an operator"))
        }
    }

    // MARK: events and time

    private mutating func take(_ happened: Happened) throws {
        var preview = log
        try happened.store(&preview)
        try passTime(until: preview.now)
        let count = log.events.count
        try happened.store(&log)
        for stored in log.events[count...] { try take(stored) }
    }

    /// A process may start a timer anew each time it is due, though not without end.
    private mutating func passTime(until moment: Date) throws {
        for _ in 0..<10_000 {
            let next = timers.min { ($0.value.due, $0.value.number) < ($1.value.due, $1.value.number) }
            guard let next, next.value.due <= moment, problem == nil else { return log.wait(until: moment) }
            log.wait(until: next.value.due)
            try append(.timerDue(timer: next.key, number: next.value.number, at: next.value.due))
        }
        throw ProcessMistake("\(P.self): expected an end of the timers that are due, found more than 10,000 of them")
    }

    // MARK: the journal

    mutating func append(_ event: JournalEvent) throws {
        guard let key = run.key else { throw ProcessMistake("expected an instance of \(P.self), found none yet") }
        try log.append(event, to: Journal<P>.ID(key), at: nil, Metadata.none)
        for stored in log.events.suffix(1) { try take(stored) }
    }

    private mutating func take(_ stored: StoredEvent) throws {
        guard problem == nil else { return }
        do { if let reaction = try run.take(stored) { note(reaction) } } catch let mistake as InstanceRun<P>.Elsewhere {
            throw mistake
        } catch {
            problem = "\(P.self) cannot react to \(stored.type): \(error)"
        }
    }

    private mutating func note(_ reaction: Reaction) {
        asked += reaction.effects
        for change in reaction.changes {
            switch change {
            case .issued(let effect): open[effect.number] = effect
            case .ended(let number): open[number] = nil
            case .startedTimer(let timer, let number, let due): timers[timer] = (number, log.now.due(due))
            case .endedTimer(let timer): timers[timer] = nil
            case .reissued, .closed: break
            }
        }
    }

    // MARK: what is waited for

    /// The undo that is under way.
    var undoing: IssuedEffect? {
        guard let instance = run.instance, instance.status == .compensating else { return nil }
        return instance.book.undoing.flatMap { open[$0] }
    }

    private var calls: [IssuedEffect] {
        guard let instance = run.instance, !instance.status.isEnd else { return [] }
        let undoing = undoing.map { $0.outgoing.kind == .call ? [$0] : [] } ?? []
        return instance.book.calls.compactMap { open[$0] } + undoing
    }

    /// Those that undo something are not refused to the process, but parked.
    private var commands: [IssuedEffect] {
        guard let instance = run.instance, !instance.status.isEnd else { return [] }
        return open.values.filter { $0.outgoing.kind == .command && !$0.isUndo }.sorted { $0.number < $1.number }
    }

    private func call(of provider: String, as step: Step, _ what: String) throws -> EffectReference {
        guard let call = calls.first(where: { $0.outgoing.step == step }) else {
            throw ProcessMistake(nobodyWaits: "\(what) to \"\(step)\"", for: "calls", open: calls)
        }
        guard call.outgoing.target == provider else {
            throw ProcessMistake(
                """
                step "\(step)" calls "\(call.outgoing.target)": expected \(what) of it, found one of "\(provider)"
                """)
        }
        return call.reference
    }

    private func command(to category: String, as step: Step) throws -> EffectReference {
        guard let command = commands.first(where: { $0.outgoing.step == step }) else {
            throw ProcessMistake(nobodyWaits: "a refusal of \"\(step)\"", for: "commands", open: commands)
        }
        guard StreamName(command.outgoing.target)?.category == category else {
            throw ProcessMistake(
                """
                step "\(step)" is sent to "\(command.outgoing.target)": expected a refusal of that, found one of a \
                "\(category)"
                """)
        }
        return command.reference
    }

    private func effect(as step: Step) throws -> EffectReference {
        let known = calls + commands + (undoing.map { [$0] } ?? [])
        guard let effect = known.first(where: { $0.outgoing.step == step }) else {
            throw ProcessMistake(nobodyWaits: "\"\(step)\" skipped", for: "commands or calls", open: known)
        }
        return effect.reference
    }
}

/// Something that cannot come in as the test says.
struct ProcessMistake: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ flaw: CameIn.EncodingFlaw) { description = flaw.problem }

    init(nobodyWaits found: String, for kinds: String, open: [IssuedEffect]) {
        let steps = open.map { "\"\($0.outgoing.step)\"" }
        description =
            steps.isEmpty
            ? "no \(kinds) are open, found \(found)"
            : "expected one of the open \(kinds) (\(steps.joined(separator: ", "))), found \(found)"
    }
}

extension IssuedEffect {
    var reference: EffectReference {
        EffectReference(number: number, round: 1, step: outgoing.step, target: outgoing.target)
    }
}

extension Date {
    /// Microseconds are all that the database's clock counts; sums of them are exact.
    private init(microseconds: Double) { self.init(timeIntervalSinceReferenceDate: microseconds.rounded() / 1_000_000) }

    fileprivate func later(by duration: Duration) -> Date {
        Date(microseconds: timeIntervalSinceReferenceDate * 1_000_000 + duration / .microseconds(1))
    }

    fileprivate func due(_ due: TimerDue) -> Date {
        switch due {
        case .after(let delay): later(by: delay)
        case .at(let moment): moment.later(by: .zero)
        }
    }
}
