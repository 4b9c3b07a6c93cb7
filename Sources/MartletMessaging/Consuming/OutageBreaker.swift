/// Whether a consumer takes messages for now: not while what it depends on is away. A value without a clock of its own.
///
/// ```
/// closed ── outage ──▶ open ── 1 s, 2 s, … 1 min ──▶ one message is tried ── no outage ──▶ closed
///                       ▲                                    │
///                       └────────────── outage ──────────────┘
/// ```
struct OutageBreaker: Sendable {
    /// What somebody who was let through shows when he has ended.
    struct Pass: Hashable, Sendable {
        fileprivate let generation: UInt64
        /// Whether one message alone is to be tried.
        let isTrial: Bool
    }

    enum Answer: Hashable, Sendable {
        case go(Pass)
        case wait(Duration)
    }

    private enum State: Sendable {
        case closed
        case open(until: ContinuousClock.Instant)
        case trying
    }

    private var state = State.closed
    private var outages = 0
    /// Counts the states, so that who began in an earlier one tells nothing of this one.
    private var generation: UInt64 = 0

    mutating func admit(at now: ContinuousClock.Instant) -> Answer {
        switch state {
        case .closed: return .go(Pass(generation: generation, isTrial: false))
        case .open(let until) where until > now: return .wait(until - now)
        case .open:
            enter(.trying)
            return .go(Pass(generation: generation, isTrial: true))
        case .trying: return .wait(.milliseconds(50))
        }
    }

    /// - Returns: whether it was the trial of an outage that has ended by it.
    mutating func succeeded(_ pass: Pass) -> Bool {
        guard pass.generation == generation, case .trying = state else { return false }
        outages = 0
        enter(.closed)
        return true
    }

    /// - Parameter delay: how long to wait after so many outages in a row.
    /// - Returns: how long it waits now; nil where somebody else has told already.
    mutating func failed(_ pass: Pass, at now: ContinuousClock.Instant, delay: (Int) -> Duration) -> Duration? {
        guard pass.generation == generation else { return nil }
        outages += 1
        let delay = delay(outages)
        enter(.open(until: now + delay))
        return delay
    }

    /// The trial has told nothing.
    mutating func withdrew(_ pass: Pass, at now: ContinuousClock.Instant) {
        guard pass.generation == generation, case .trying = state else { return }
        enter(.open(until: now))
    }

    private mutating func enter(_ state: State) {
        self.state = state
        generation += 1
    }
}
