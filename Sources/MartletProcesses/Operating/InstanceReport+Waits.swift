import FoundationEssentials

extension InstanceReport {
    /// What it waits for, in a sentence: what an operator has to see to first, then what it waits for besides.
    ///
    /// `waits for "authorise" at payments since 14:02:11 (3 tries, next in 12 s): no answer within 10 s`
    public var waits: String {
        if let parkedInput { return parkedInput.words(askedAt) }
        let parked = effects.filter { $0.parkedAt != nil }.map { $0.words(askedAt) }
        let tried = effects.filter { $0.parkedAt == nil }.map { $0.words(askedAt) }
        let parts = parked + tried + timers.map { $0.words(askedAt) }
        guard parts.isEmpty else { return "waits for " + parts.joined(separator: "; and for ") }
        guard let life else { return "waits for nothing" }
        if let ended = life.endedAt { return "\(life.ending) \(ended.moment(seenFrom: askedAt))" }
        guard life.status == .running else { return "waits for its next undo step" }
        return "waits for an event since \(life.changedAt.moment(seenFrom: askedAt))"
    }
}

extension InstanceReport.Life {
    fileprivate var ending: String { status == .completed ? "has completed at" : "was compensated at" }
}

extension InstanceReport.ParkedInput {
    fileprivate func words(_ now: Date) -> String {
        let rest = count > 1 ? ", and \(count - 1) behind it" : ""
        let why = problem ?? "not tried since the one before it"
        return "waits for an operator: cannot react to \"\(type)\" at position \(position)\(rest), parked since"
            + " \(parkedAt.moment(seenFrom: now)): \(why)"
    }
}

extension InstanceReport.OutstandingEffect {
    fileprivate func words(_ now: Date) -> String {
        let what = "\"\(step)\" at \(target)"
        let why = problem.map { ": \($0)" } ?? ""
        if let parkedAt {
            return "an operator: \(what) was given up at \(parkedAt.moment(seenFrom: now)) after \(tries)\(why)"
        }
        let next = nextTryAt.map { $0 > now ? ", next in \(($0.timeIntervalSince(now)).words)" : ", next now" } ?? ""
        let tried = attempts == 0 ? "" : " (\(tries)\(next))"
        return "\(what) since \(issuedAt.moment(seenFrom: now))\(tried)\(why)"
    }

    private var tries: String { attempts == 1 ? "1 try" : "\(attempts) tries" }
}

extension InstanceReport.RunningTimer {
    fileprivate func words(_ now: Date) -> String {
        let wait = dueAt.timeIntervalSince(now)
        let when = wait > 0 ? "in \(wait.words)" : "\((-wait).words) ago"
        return "timer \"\(timer)\", due at \(dueAt.moment(seenFrom: now)), \(when)"
    }
}

extension Date {
    /// The time of the day in UTC, and the day where it is another one.
    func moment(seenFrom now: Date) -> String {
        let (day, time) = (formatted(.iso8601).prefix(10), formatted(.iso8601).dropFirst(11).prefix(8))
        return day == now.formatted(.iso8601).prefix(10) ? String(time) : "\(day) \(time)"
    }
}

extension Double {
    /// Seconds in the largest unit that fits: `12 s`, `3 min`, `5 h`, `2 d`.
    fileprivate var words: String {
        switch self {
        case ..<120: "\(Int(rounded(.up))) s"
        case ..<7200: "\(Int(self / 60)) min"
        case ..<172_800: "\(Int(self / 3600)) h"
        default: "\(Int(Swift.min(self / 86_400, 1e15))) d"
        }
    }
}
