import MartletProjections

/// How the courier begins deliveries, and what becomes of them.
extension Courier {
    mutating func start(_ group: inout TaskGroup<News>) {
        guard !partition.isRevoked else { return }
        for feed in feeds.indices {
            // Whoever has to wait may have let another go first.
            while case let next = feeds[feed].takeNext(), !next.isEmpty {
                for pending in next { start(pending, from: feed, &group) }
            }
        }
    }

    private mutating func start(_ pending: PendingEffect, from feed: Int, _ group: inout TaskGroup<News>) {
        guard !mustWait(pending) else { return feeds[feed].lanes.rest(pending, until: .now + .milliseconds(50)) }
        var pending = pending
        // What withdraws a call, and undoes it, may have been found since: then it must not come after that.
        if pending.kind == .call, pending.look < looks { pending.wasPutOff = true }
        tries[pending.instance, default: 0] += 1
        if pending.isCounted { counted[pending.effect] = pending }
        let delivery = Delivery(surroundings: surroundings, partition: partition, pending: pending)
        group.addTask { [pending] in .ended(feed: feed, pending, await delivery.run()) }
    }

    /// What undoes a step must not overtake it; a try that is under way may belong to it.
    private func mustWait(_ pending: PendingEffect) -> Bool { pending.isUndo && tries[pending.instance] != nil }

    mutating func take(_ end: DeliveryEnd, of pending: PendingEffect, from feed: Int) {
        if case .cut = end { return }
        counted[pending.effect] = nil
        tries[pending.instance] = tries[pending.instance].flatMap { $0 > 1 ? $0 - 1 : nil }
        switch end {
        case .delivered:
            if delivered.isEmpty { nextLook = min(nextLook, .now + Self.deliveredInterval) }
            delivered.append(pending.effect)
            feeds[feed].lanes.end(pending)
        case .over: feeds[feed].lanes.end(pending)
        case .putOff(let pending, let moment): feeds[feed].lanes.rest(pending, until: moment)
        case .cut: break
        }
    }
}
