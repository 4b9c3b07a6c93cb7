/// Which effects of a partition may be delivered now: the first of each lane, unless it is under way or rests after a
/// failure. A value without a clock or a task of its own.
struct Lanes: Sendable {
    typealias Lane = PendingEffect.Lane

    private enum Head: Sendable {
        case ready
        case running
        case resting(until: ContinuousClock.Instant)
    }

    private struct Queue: Sendable {
        var head = Head.ready
        var effects: [PendingEffect] = []
    }

    private var queues: [Lane: Queue] = [:]
    /// In the order in which they became ready.
    private var ready: [Lane] = []
    private var resting: Set<Lane> = []
    /// How many are under way.
    private(set) var running = 0
    /// How many there are, those under way included.
    private(set) var count = 0

    /// Adds an effect behind those of its lane. Where the first of them rests it is tried at once, since it may have been
    /// withdrawn for this one.
    mutating func add(_ effect: PendingEffect) {
        let lane = effect.lane
        count += 1
        guard var queue = queues.removeValue(forKey: lane) else {
            queues[lane] = Queue(effects: [effect])
            return ready.append(lane)
        }
        queue.effects.append(effect)
        if case .resting = queue.head {
            queue.head = .ready
            resting.remove(lane)
            ready.append(lane)
        }
        queues[lane] = queue
    }

    /// Takes up to `limit` effects that are to be delivered now.
    mutating func take(_ limit: Int, at now: ContinuousClock.Instant) -> [PendingEffect] {
        for lane in resting {
            guard case .resting(let until)? = queues[lane]?.head, until <= now else { continue }
            queues[lane]?.head = .ready
            resting.remove(lane)
            ready.append(lane)
        }
        var taken: [PendingEffect] = []
        for lane in ready.prefix(max(0, limit)) {
            guard let first = queues[lane]?.effects.first else { continue }
            queues[lane]?.head = .running
            taken.append(first)
        }
        ready.removeFirst(min(ready.count, max(0, limit)))
        running += taken.count
        return taken
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

    /// An effect has failed and is tried again, at once when another waits behind it.
    mutating func rest(_ effect: PendingEffect, until moment: ContinuousClock.Instant) {
        running -= 1
        let lane = effect.lane
        queues[lane]?.effects[0] = effect
        queues[lane]?.head = .resting(until: moment)
        resting.insert(lane)
    }

    /// When the next one that rests may go.
    var nextRest: ContinuousClock.Instant? {
        resting.compactMap { lane in
            if case .resting(let until)? = queues[lane]?.head { until } else { nil }
        }.min()
    }
}
