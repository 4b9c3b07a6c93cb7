/// What an appender knows: who waits, and what is under way.
struct AppenderState<Waiter: Sendable>: Sendable {
    private(set) var queue: AppendQueue<Waiter>
    /// Whether answered callers are given the time to come back; nothing is sent meanwhile.
    var isLingering = false
    private var batchesInFlight = 0
    private var unitsInFlight = 0
    private var isWatching = false
    private var lastTicket: UInt64 = 0
    private let limits: AppendLimits
    /// So that the server finds the next batch waiting at the lock when one has committed.
    private static var mostInFlight: Int { 2 }
    /// So many units pay for a commit of their own; more of them gain more by being worked on at both ends at once.
    private static var enough: Int { 100 }

    init(limits: AppendLimits) {
        self.limits = limits
        queue = AppendQueue(limits: limits)
    }

    mutating func newTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Takes a unit in, or says why not. Asks for cancellation under the lock: a caller that is cancelled after this
    /// finds its unit in the queue.
    mutating func admit(_ unit: AppendUnit, _ waiter: Waiter, ticket: UInt64) -> EventStoreError? {
        if Task.isCancelled { return .cancelled }
        if queue.isFull { return .overloaded(waiting: queue.count, for: .zero) }
        queue.add(unit, waiter, ticket: ticket)
        return nil
    }

    /// The batch of this one unit, to be sent by its caller's own task, if nothing waits and nothing is under way.
    mutating func takeAlone(_ unit: AppendUnit) -> [AppendQueue<Waiter>.Entry]? {
        guard batchesInFlight == 0, !isLingering, queue.count == 0, !Task.isCancelled else { return nil }
        queue.add(unit, nil, ticket: newTicket())
        return takeBatch()
    }

    mutating func remove(ticket: UInt64) -> Waiter? { queue.remove(ticket: ticket)?.waiter }

    /// The next batch, if it is worth sending now.
    mutating func takeBatch() -> [AppendQueue<Waiter>.Entry]? {
        guard !isLingering, isWorthSending else { return nil }
        let batch = queue.takeBatch()
        guard !batch.isEmpty else { return nil }
        batchesInFlight += 1
        unitsInFlight += batch.count
        return batch
    }

    /// Behind a batch that is under way, one of fewer units would only split what could share a commit.
    private var isWorthSending: Bool {
        switch batchesInFlight {
        case 0: true
        case ..<Self.mostInFlight: queue.readyCount >= min(unitsInFlight, Self.enough)
        default: false
        }
    }

    /// Takes note that a batch has ended, and says how many units to wait for now that its callers may come back.
    mutating func finish(_ batch: [AppendQueue<Waiter>.Entry]) -> Int? {
        queue.finish(batch)
        batchesInFlight -= 1
        unitsInFlight -= batch.count
        guard batch.count > 1, !isLingering else { return nil }
        isLingering = true
        return min(batch.count, Self.enough)
    }

    /// Whether there is something to watch that nobody watches yet.
    mutating func beginsWatching() -> Bool {
        guard queue.count > 0, !isWatching else { return false }
        isWatching = true
        return true
    }

    mutating func goesOnWatching() -> Bool {
        isWatching = queue.count > 0
        return isWatching
    }

    /// Takes out who has waited too long, and says how many waited.
    mutating func removeLate(at now: ContinuousClock.Instant = .now) -> (waiting: Int, late: [Waiter]) {
        (queue.count, queue.removeAll(since: now - limits.patience).compactMap(\.waiter))
    }
}
