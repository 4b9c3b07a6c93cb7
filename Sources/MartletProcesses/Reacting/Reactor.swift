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
    ///
    /// When it throws, the instance is what it was.
    /// - Parameter moment: when it was recorded.
    package func take(
        _ event: CorrelatedInput<Input>, at moment: Date, _ instance: inout Instance?
    ) throws -> Reaction {
        var known: Instance
        if let instance {
            known = instance
        } else {
            guard event.isStart else { return .ignored("no instance") }
            known = Instance(state: try today.start(), stateVersion: history.version)
        }
        let reaction = try take(event.input, at: moment, &known)
        instance = known
        return reaction
    }

    /// Takes what the instance's journal has.
    ///
    /// When it throws, the instance is what it was.
    /// - Parameter moment: when it was recorded.
    package func take(_ event: JournalEvent, at moment: Date, _ instance: inout Instance?) throws -> Reaction {
        guard var known = instance else { return .ignored("no instance") }
        let reaction = try take(event, at: moment, &known)
        instance = known
        return reaction
    }

    private func take(_ event: JournalEvent, at moment: Date, _ instance: inout Instance) throws -> Reaction {
        if let effect = event.effect, !instance.book.hasIssued(effect.number) { return .ignored("never issued") }
        guard !instance.status.isEnd else { return takeLate(event, instance) }
        switch event {
        case .answered(let effect, let answer):
            return try takeAnswer(.answered(Array(answer.utf8)), of: effect, at: moment, &instance)
        case .failed(let effect, let problem):
            // What fails to be undone is left to an operator: it is not done because somebody says that it failed.
            guard instance.book.undoing != effect.number else { return .ignored("an undo step cannot fail for good") }
            return try takeAnswer(.failed(problem: problem), of: effect, at: moment, &instance)
        case .refused(let effect, let rejection):
            return try takeRefusal(rejection, of: effect, at: moment, &instance)
        case .delivered(let effect):
            guard instance.book.undoing == effect.number else { return .ignored("not awaited") }
            return try undoNext(after: effect.number, at: moment, &instance)
        case .timerDue(let timer, let number, let due):
            return try takeTimer(timer, number, due: due, at: moment, &instance)
        case .retried(let effect, _): return retry(effect.number, instance)
        case .skipped(let effect, let reason, let actor):
            return try skip(effect, "skipped by \(actor): \(reason)", at: moment, &instance)
        case .compensationRequested(let reason, _):
            guard instance.status == .running else { return .ignored("it is being compensated already") }
            var reaction = Reaction()
            try compensate(because: reason, at: moment, &instance, &reaction)
            return reaction
        }
    }

    private func take(_ input: Input, at moment: Date, _ instance: inout Instance) throws -> Reaction {
        guard !instance.status.isEnd else { return .ignored("it has ended") }
        guard instance.status == .running else { return .ignored("it is being compensated") }
        let process = try process(of: &instance)
        var reaction = Reaction()
        let (state, phase, effects) = try process.react(instance.state, input)
        (instance.state, instance.phase) = (state, phase)
        reaction.effects = effects
        try carryOut(effects, at: moment, &instance, &reaction)
        return reaction
    }

    private func takeAnswer(
        _ answer: AnswerRecord, of effect: EffectReference, at moment: Date, _ instance: inout Instance
    ) throws -> Reaction {
        if instance.book.undoing == effect.number {
            return try undoNext(after: effect.number, at: moment, &instance)
        }
        guard let place = instance.book.calls.firstIndex(of: effect.number) else { return .ignored("not awaited") }
        guard let use = providers[effect.target] else { throw ProcessFlaw.unknownProvider(effect.target, of: name) }
        let input = try use.answer(effect.place(at: moment), answer)
        instance.book.calls.remove(at: place)
        var reaction = try take(input, at: moment, &instance)
        reaction.changes.insert(.ended(number: effect.number), at: 0)
        return reaction
    }

    private func takeRefusal(
        _ rejection: String, of effect: EffectReference, at moment: Date, _ instance: inout Instance
    ) throws -> Reaction {
        guard instance.book.undoing != effect.number else { return .ignored("an undo step cannot be refused for good") }
        guard !instance.book.calls.contains(effect.number), !instance.book.void.contains(effect.number) else {
            return .ignored("not awaited")
        }
        let category = StreamName(effect.target)?.category ?? effect.target
        guard let refusal = targets[category]?.refusal else {
            throw ProcessFlaw.unknownTarget(effect.target, of: name)
        }
        let input = try refusal(effect.place(at: moment), Array(rejection.utf8))
        instance.book.cameToNothing(effect.number)
        var reaction = try take(input, at: moment, &instance)
        reaction.changes.insert(.ended(number: effect.number), at: 0)
        return reaction
    }

    private func takeTimer(
        _ timer: TimerName, _ number: Int, due: Date, at moment: Date, _ instance: inout Instance
    ) throws -> Reaction {
        guard instance.book.timers[timer.rawValue] == number else { return .ignored("the timer runs no more") }
        guard let wrapTimer else { throw ProcessFlaw.noTimers(name) }
        instance.book.timers[timer.rawValue] = nil
        var reaction = try take(wrapTimer(Due(timer, at: due)), at: moment, &instance)
        reaction.changes.insert(.endedTimer(timer), at: 0)
        return reaction
    }

    /// What was skipped counts as failed where the process waits for it, as done where it undoes something, and a
    /// command that was parked as refused.
    private func skip(
        _ effect: EffectReference, _ why: String, at moment: Date, _ instance: inout Instance
    ) throws -> Reaction {
        if instance.book.undoing == effect.number {
            return try undoNext(after: effect.number, at: moment, &instance)
        }
        guard !instance.book.calls.contains(effect.number) else {
            return try takeAnswer(.failed(problem: why), of: effect, at: moment, &instance)
        }
        instance.book.cameToNothing(effect.number)
        return Reaction(changes: [.ended(number: effect.number)])
    }

    /// Once the instance is compensated nothing of what it did before may take effect any more.
    private func retry(_ number: Int, _ instance: Instance) -> Reaction {
        guard instance.status == .running || instance.book.undoing == number else {
            return .ignored("it is being compensated")
        }
        guard !instance.book.void.contains(number) else { return .ignored("it was refused or skipped") }
        return Reaction(changes: [.reissued(number: number)])
    }

    /// An instance that has ended does not move any more; what it has sent before may still come to its own end.
    private func takeLate(_ event: JournalEvent, _ instance: Instance) -> Reaction {
        switch event {
        case .refused(let effect, _), .skipped(let effect, _, _):
            Reaction(changes: [.ended(number: effect.number)], ignored: "it has ended")
        case .retried(let effect, _) where instance.mayStillSend(effect.number):
            Reaction(changes: [.reissued(number: effect.number)])
        default: .ignored("it has ended")
        }
    }
}

extension Instance {
    /// Whether what it had asked for before it ended may take effect after that: all of one that has completed; of one
    /// that is compensated, its last words.
    fileprivate func mayStillSend(_ number: Int) -> Bool {
        status == .completed || book.lastWords.map { number >= $0 } ?? false
    }
}
