import FoundationEssentials
import MartletDomain
import MartletJSON

/// What becomes of the effects that a process asks for.
extension Reactor {
    /// Brings the state to today's version, or finds the older process that it stays with.
    func process(of instance: inout Instance) throws -> ErasedProcess<Input> {
        guard instance.stateVersion > 0 else {
            throw ProcessFlaw.unmigratedState(
                from: instance.stateVersion, of: name, problem: "expected a version from 1")
        }
        guard instance.stateVersion <= history.version else {
            throw ProcessFlaw.newerState(instance.stateVersion, newest: history.version, of: name)
        }
        while instance.stateVersion < history.version {
            switch history.changes[instance.stateVersion - 1].kind {
            case .pinned(let old): return old
            case .upcast(let change):
                do {
                    var state = try JSONValue(parsing: instance.state)
                    try change(&state)
                    instance.state = state.bytes
                } catch {
                    throw ProcessFlaw.unmigratedState(from: instance.stateVersion, of: name, problem: "\(error)")
                }
                instance.stateVersion += 1
            }
        }
        return today
    }

    func carryOut(
        _ effects: [Effect], at moment: Date, _ instance: inout Instance, _ reaction: inout Reaction
    ) throws {
        for effect in effects {
            guard instance.status == .running else { throw ProcessFlaw.effectAfterEnd(of: name) }
            try carryOut(effect, at: moment, &instance, &reaction)
        }
    }

    private func carryOut(
        _ effect: Effect, at moment: Date, _ instance: inout Instance, _ reaction: inout Reaction
    ) throws {
        switch effect.action {
        case .issue(let outgoing):
            let number = try issue(outgoing, &instance, &reaction)
            try prepare(effect.undo, of: (number, outgoing), &instance)
        case .prepareUndo: try prepare(effect.undo, of: nil, &instance)
        case .leaveDone(let step): instance.book.undo.removeAll { $0.step == step }
        case .startTimer(let timer, let due):
            guard wrapTimer != nil else { throw ProcessFlaw.noTimers(name) }
            let number = instance.book.nextNumber()
            instance.book.timers[timer.rawValue] = number
            reaction.changes.append(.startedTimer(timer, number: number, due))
        case .cancelTimer(let timer):
            guard instance.book.timers.removeValue(forKey: timer.rawValue) != nil else { return }
            reaction.changes.append(.endedTimer(timer))
        case .complete:
            dropWaits(&instance, &reaction)
            end(.completed, &instance, &reaction)
        case .compensate(let reason): try compensate(because: reason, at: moment, &instance, &reaction)
        }
    }

    private func issue(
        _ outgoing: Outgoing, _ instance: inout Instance, _ reaction: inout Reaction
    ) throws -> Int {
        try check(outgoing)
        let number = instance.book.nextNumber()
        if outgoing.kind == .call { instance.book.calls.append(number) }
        reaction.changes.append(.issued(IssuedEffect(number: number, outgoing: outgoing, isUndo: false, undoes: nil)))
        return number
    }

    private func prepare(
        _ undo: Outgoing?, of effect: (number: Int, outgoing: Outgoing)?, _ instance: inout Instance
    ) throws {
        guard let undo else { return }
        try check(undo)
        instance.book.undo.append(
            Book.Undo(
                number: effect?.number, kind: effect?.outgoing.kind, step: effect?.outgoing.step, outgoing: undo))
    }

    /// What cannot be sent is found out before anything relies on it.
    private func check(_ outgoing: Outgoing) throws {
        if let flaw = outgoing.flaw { throw ProcessFlaw.unencodable(outgoing.step, of: name, problem: flaw) }
        switch outgoing.kind {
        case .call:
            guard providers[outgoing.target] != nil else {
                throw ProcessFlaw.unknownProvider(outgoing.target, of: name)
            }
        case .command:
            guard let stream = StreamName(outgoing.target), targets[stream.category] != nil else {
                throw ProcessFlaw.unknownTarget(outgoing.target, of: name)
            }
            if let flaw = stream.flaw { throw ProcessFlaw.invalidTarget(outgoing.step, of: name, flaw: flaw) }
        }
    }

    /// Nothing is waited for any more: timers end, and calls that have no answer are withdrawn.
    private func dropWaits(_ instance: inout Instance, _ reaction: inout Reaction) {
        for timer in instance.book.timers.keys.sorted() {
            reaction.changes.append(.endedTimer(TimerName(rawValue: timer)))
        }
        for call in instance.book.calls { reaction.changes.append(.ended(number: call)) }
        (instance.book.timers, instance.book.calls) = ([:], [])
    }

    func compensate(
        because reason: String, at moment: Date, _ instance: inout Instance, _ reaction: inout Reaction
    ) throws {
        dropWaits(&instance, &reaction)
        (instance.status, instance.reason) = (.compensating, reason)
        try undoNext(at: moment, &instance, &reaction)
    }

    func undoNext(after number: Int, at moment: Date, _ instance: inout Instance) throws -> Reaction {
        var reaction = Reaction(changes: [.ended(number: number)])
        try undoNext(at: moment, &instance, &reaction)
        return reaction
    }

    private func undoNext(at moment: Date, _ instance: inout Instance, _ reaction: inout Reaction) throws {
        guard let undo = instance.book.undo.popLast() else {
            instance.book.undoing = nil
            try sayLastWords(at: moment, &instance, &reaction)
            return end(.compensated, &instance, &reaction)
        }
        let number = instance.book.nextNumber()
        instance.book.undoing = number
        let undone = undo.kind == .command ? undo.number : nil
        reaction.changes.append(
            .issued(IssuedEffect(number: number, outgoing: undo.outgoing, isUndo: true, undoes: undone)))
    }

    private func sayLastWords(at moment: Date, _ instance: inout Instance, _ reaction: inout Reaction) throws {
        let process = try process(of: &instance)
        instance.book.lastWords = instance.book.count + 1
        for effect in try process.compensated(instance.state, instance.reason ?? "", moment) {
            guard case .issue(let outgoing) = effect.action, outgoing.kind == .command, effect.undo == nil else {
                throw ProcessFlaw.effectAfterEnd(of: name)
            }
            _ = try issue(outgoing, &instance, &reaction)
            reaction.effects.append(effect)
        }
    }

    private func end(_ status: InstanceStatus, _ instance: inout Instance, _ reaction: inout Reaction) {
        instance.status = status
        if status == .completed { instance.book.undo = [] }
        reaction.changes.append(.closed(status))
    }
}
