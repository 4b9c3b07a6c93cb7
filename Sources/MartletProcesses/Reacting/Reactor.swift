import FoundationEssentials
import MartletDomain
import MartletJSON

/// Moves instances of one process manager by their inputs, one at a time: a pure function, so that it can be tried
/// without a database.
package struct Reactor<Input: ProcessInput>: Sendable {
    let name: String
    let history: StateHistory<Input>
    let today: ErasedProcess<Input>
    let targets: [String: CommandTarget<Input>]
    let providers: [String: ProviderUse<Input>]
    let wrapTimer: (@Sendable (Due) -> Input)?

    package init<P: ProcessManager>(_: P.Type) where P.Input == Input {
        (name, history, today) = (P.name, P.history, ErasedProcess(P.self))
        let kinds = Input.sources.map(\.kind)
        targets = Self.byName(
            kinds.compactMap { if case .refusals(let target) = $0 { (target.category, target) } else { nil } }, P.name)
        providers = Self.byName(
            kinds.compactMap { if case .answers(let use) = $0 { (use.name, use) } else { nil } }, P.name)
        let timers = kinds.compactMap { if case .timers(let wrap) = $0 { wrap } else { nil } }
        precondition(timers.count <= 1, "process \"\(P.name)\": expected one source of timers, found \(timers.count)")
        wrapTimer = timers.first
    }

    private static func byName<Value>(_ pairs: [(String, Value)], _ process: String) -> [String: Value] {
        Dictionary(pairs) { _, _ in
            preconditionFailure(
                "process \"\(process)\": expected each source once, found \(pairs.map(\.0).sorted())")
        }
    }

    /// Takes an event of an aggregate; starts the instance where there is none and the event starts one.
    package func take(_ event: CorrelatedInput<Input>, _ instance: inout Instance?) throws -> Reaction {
        if instance == nil {
            guard event.isStart else { return .ignored("no instance") }
            instance = Instance(state: try today.start(), stateVersion: history.version)
        }
        guard var known = instance else { return .ignored("no instance") }
        defer { instance = known }
        return try take(event.input, &known)
    }

    /// Takes what the instance's journal has.
    package func take(_ event: JournalEvent, _ instance: inout Instance?) throws -> Reaction {
        guard var known = instance else { return .ignored("no instance") }
        defer { instance = known }
        guard !known.status.isEnd else { return takeAtEnd(event) }
        switch event {
        case .answered(let effect, let answer):
            return try takeAnswer(.answered(Array(answer.utf8)), of: effect, &known)
        case .failed(let effect, let problem):
            return try takeAnswer(.failed(problem: problem), of: effect, &known)
        case .refused(let effect, let rejection): return try takeRefusal(rejection, of: effect, &known)
        case .delivered(let effect):
            guard known.book.undoing == effect.number else { return .ignored("not awaited") }
            return undoNext(after: effect.number, &known)
        case .timerDue(let timer, let number, let at): return try takeTimer(timer, number, at: at, &known)
        case .retried(let effect, _): return Reaction(changes: [.reissued(number: effect.number)])
        case .skipped(let effect, let reason, let actor):
            return try skip(effect, "skipped by \(actor): \(reason)", &known)
        case .compensationRequested(let reason, _):
            guard known.status == .running else { return .ignored("it is being compensated already") }
            var reaction = Reaction()
            compensate(because: reason, &known, &reaction)
            return reaction
        }
    }

    /// What was sent before the end still arrives, or an operator sees to it; the process hears nothing of it.
    private func takeAtEnd(_ event: JournalEvent) -> Reaction {
        switch event {
        case .answered(let effect, _), .failed(let effect, _), .refused(let effect, _), .delivered(let effect):
            Reaction(changes: [.ended(number: effect.number)], ignored: "it has ended")
        case .retried(let effect, _): Reaction(changes: [.reissued(number: effect.number)])
        case .skipped(let effect, _, _): Reaction(changes: [.ended(number: effect.number)])
        case .timerDue, .compensationRequested: .ignored("it has ended")
        }
    }

    private func take(_ input: Input, _ instance: inout Instance) throws -> Reaction {
        guard !instance.status.isEnd else { return .ignored("it has ended") }
        guard instance.status == .running else { return .ignored("it is being compensated") }
        let process = try process(of: &instance)
        var reaction = Reaction()
        let (state, phase, effects) = try process.react(instance.state, input)
        (instance.state, instance.phase) = (state, phase)
        try carryOut(effects, &instance, &reaction)
        return reaction
    }

    private func takeAnswer(
        _ answer: AnswerRecord, of effect: EffectReference, _ instance: inout Instance
    ) throws -> Reaction {
        if instance.book.undoing == effect.number { return undoNext(after: effect.number, &instance) }
        guard let place = instance.book.calls.firstIndex(of: effect.number) else { return .ignored("not awaited") }
        guard let use = providers[effect.target] else { throw ProcessFlaw.unknownProvider(effect.target, of: name) }
        let input = try use.answer(effect.place, answer)
        instance.book.calls.remove(at: place)
        var reaction = try take(input, &instance)
        reaction.changes.insert(.ended(number: effect.number), at: 0)
        return reaction
    }

    private func takeRefusal(
        _ rejection: String, of effect: EffectReference, _ instance: inout Instance
    ) throws -> Reaction {
        let category = StreamName(effect.target)?.category ?? effect.target
        guard let refusal = targets[category]?.refusal else {
            throw ProcessFlaw.unknownTarget(effect.target, of: name)
        }
        let input = try refusal(effect.place, Array(rejection.utf8))
        // What was refused needs no undoing.
        instance.book.undo.removeAll { $0.number == effect.number }
        var reaction = instance.status == .running ? try take(input, &instance) : .ignored("it is being compensated")
        reaction.changes.insert(.ended(number: effect.number), at: 0)
        return reaction
    }

    private func takeTimer(
        _ timer: TimerName, _ number: Int, at moment: Date, _ instance: inout Instance
    ) throws -> Reaction {
        guard instance.book.timers[timer.rawValue] == number else { return .ignored("the timer runs no more") }
        guard let wrapTimer else { throw ProcessFlaw.noTimers(name) }
        instance.book.timers[timer.rawValue] = nil
        var reaction = try take(wrapTimer(Due(timer, at: moment)), &instance)
        reaction.changes.insert(.endedTimer(timer), at: 0)
        return reaction
    }

    /// What was skipped counts as failed where the process waits for it, and as done where it undoes something.
    private func skip(_ effect: EffectReference, _ why: String, _ instance: inout Instance) throws -> Reaction {
        if instance.book.undoing == effect.number { return undoNext(after: effect.number, &instance) }
        guard !instance.book.calls.contains(effect.number) else {
            return try takeAnswer(.failed(problem: why), of: effect, &instance)
        }
        return Reaction(changes: [.ended(number: effect.number)])
    }
}
