/// Which effects may be delivered now: the first of each lane, unless it is under way or rests after a failure. A value
/// without a clock or a task of its own.
struct Lanes: Sendable {
    typealias Lane = PendingEffect.Lane

    private enum Head: Sendable {
        case ready
        case running
        case resting
    }

    private struct Queue: Sendable {
        var head = Head.ready
        /// Whether an undo came behind the first one while that was under way.
        var isFollowed = false
        var effects: [PendingEffect] = []
    }

    private var queues: [Lane: Queue] = [:]
    /// In the order in which they became ready.
    private var ready: [Lane] = []
    private var resting: [Lane: ContinuousClock.Instant] = [:]
    /// When the next one that rests may go.
    private(set) var nextRest: ContinuousClock.Instant?
    /// How many are under way.
    private(set) var running = 0
    /// How many there are, those under way included.
    private(set) var count = 0

    /// Adds an effect behind those of its lane. Where the first of them rests it is tried at once if this one is an undo,
    /// for which it may have been withdrawn.
    mutating func add(_ effect: PendingEffect) {
        let lane = effect.lane
        count += 1
        guard var queue = queues.removeValue(forKey: lane) else {
            queues[lane] = Queue(effects: [effect])
            return ready.append(lane)
        }
        queue.effects.append(effect)
        switch queue.head {
        case .ready: break
        case _ where !effect.isUndo: break
        case .running: queue.isFollowed = true
        case .resting:
            queue.head = .ready
            resting[lane] = nil
            ready.append(lane)
        }
        queues[lane] = queue
    }

    /// Takes up to `limit` effects that are to be delivered now.
    mutating func take(_ limit: Int, at now: ContinuousClock.Instant) -> [PendingEffect] {
        wake(at: now)
        var taken: [PendingEffect] = []
        let count = min(ready.count, max(0, limit))
        for lane in ready.prefix(count) {
            guard let first = queues[lane]?.effects.first else { continue }
            queues[lane]?.head = .running
            queues[lane]?.isFollowed = false
            taken.append(first)
        }
        ready.removeFirst(count)
        running += taken.count
        return taken
    }

    /// Those that have rested long enough, the longest first.
    private mutating func wake(at now: ContinuousClock.Instant) {
        guard let nextRest, nextRest <= now else { return }
        let rested = resting.filter { $0.value <= now }
        for (lane, _) in rested.sorted(by: { $0.value < $1.value }) {
            resting[lane] = nil
            queues[lane]?.head = .ready
            ready.append(lane)
        }
        self.nextRest = resting.values.min()
    }

    /// An effect is done with; the next of its lane may go.
    mutating func end(_ effect: PendingEffect) {
        running -= 1
        count -= 1
        let lane = effect.lane
        queues[lane]?.effects.removeFirst()
        guard queues[lane]?.effects.isEmpty == false else {
            queues[lane] = nil
            return
        }
        queues[lane]?.head = .ready
        ready.append(lane)
    }

    /// An effect is tried again: later, or at once when an undo came behind it while it was under way, since it may have
    /// been withdrawn for that one.
    ///
    /// An undo lets those behind it go first: they are of other instances, and it may wait for long until nothing else of
    /// its own is under way.
    mutating func rest(_ effect: PendingEffect, until moment: ContinuousClock.Instant) {
        running -= 1
        let lane = effect.lane
        guard var queue = queues.removeValue(forKey: lane) else { return }
        queue.effects[0] = effect
        if effect.isUndo { queue.effects.append(queue.effects.removeFirst()) }
        let hasGivenWay = effect.isUndo && queue.effects.first?.isUndo == false
        if queue.isFollowed || hasGivenWay {
            queue.head = .ready
            ready.append(lane)
        } else {
            queue.head = .resting
            resting[lane] = moment
            nextRest = min(nextRest ?? moment, moment)
        }
        queues[lane] = queue
    }
}
