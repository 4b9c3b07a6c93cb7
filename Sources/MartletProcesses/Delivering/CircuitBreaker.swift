/// Whether a provider is asked at all for now: not for a while once several tries in a row have failed, and then by one
/// call alone until that has an answer. A value without a clock of its own.
///
/// ```
/// closed ── failures in a row ──▶ open ── recovery ──▶ one call is let through ── answered ──▶ closed
///                                  ▲                             │
///                                  └────────── failed ───────────┘
/// ```
struct CircuitBreaker: Sendable {
    /// What a call that is let through shows when it has ended.
    struct Pass: Hashable, Sendable {
        fileprivate let generation: UInt64
    }

    enum Answer: Hashable, Sendable {
        case go(Pass)
        case heldBack(for: Duration)
    }

    private enum State: Sendable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        case probing
    }

    private let failuresToOpen: Int
    private let recovery: Duration
    private var state = State.closed(failures: 0)
    /// Counts the states, so that a call that began in an earlier one tells nothing of this one.
    private var generation: UInt64 = 0

    init(failuresToOpen: Int, recovery: Duration) {
        (self.failuresToOpen, self.recovery) = (failuresToOpen, recovery)
    }

    /// How long a call would be held back; nil when it would be let through.
    func delay(at now: ContinuousClock.Instant) -> Duration? {
        switch state {
        case .closed: nil
        case .open(let until): until > now ? until - now : nil
        // A moment at least: whoever is held back comes again, and finds the call still under way.
        case .probing: max(recovery / 4, .milliseconds(50))
        }
    }

    /// Lets a call through, or says when to come again.
    mutating func admit(at now: ContinuousClock.Instant) -> Answer {
        if let delay = delay(at: now) { return .heldBack(for: delay) }
        if case .open = state { enter(.probing) }
        return .go(Pass(generation: generation))
    }

    /// The provider has answered.
    mutating func succeeded(_ pass: Pass) {
        guard pass.generation == generation else { return }
        if case .probing = state { enter(.closed(failures: 0)) } else { state = .closed(failures: 0) }
    }

    /// The provider has not answered.
    /// - Returns: whether calls are held back from now on that were not before.
    mutating func failed(_ pass: Pass, at now: ContinuousClock.Instant) -> Bool {
        guard pass.generation == generation else { return false }
        switch state {
        case .open: return false
        case .probing:
            enter(.open(until: now + recovery))
            return false
        case .closed(let failures):
            guard failures + 1 >= failuresToOpen else {
                state = .closed(failures: failures + 1)
                return false
            }
            enter(.open(until: now + recovery))
            return true
        }
    }

    /// The call tells nothing about the provider: it was not made after all, or cut by this process.
    mutating func withdrew(_ pass: Pass, at now: ContinuousClock.Instant) {
        guard pass.generation == generation, case .probing = state else { return }
        enter(.open(until: now))
    }

    private mutating func enter(_ state: State) {
        self.state = state
        generation += 1
    }
}
