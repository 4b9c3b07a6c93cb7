import MartletPostgres
import MartletProjections
import MartletStreamingLog

extension InboxWorker {
    /// Takes as many of the pending messages as the batch size allows.
    mutating func takeBatch(_ inbox: Inbox, _ pass: OutageBreaker.Pass) async throws {
        isPagesTurn = false
        let sifting = sifted(upTo: pass.isTrial ? 1 : batch.size)
        guard let first = sifting.taken.first else {
            surroundings.outages.withdrew(pass)
            if sifting.looked > 0 { return try await drop(sifting.looked) }
            if let hole = sifting.hole { try await stand(before: hole, in: inbox) }
            return
        }
        do {
            // What waits behind a letter of its key is not handled now, and has ended no process.
            if batch.isCareful, !waitsBehind(first), try await wasTried(first, in: inbox) {
                surroundings.outages.withdrew(pass)
                return try await park(
                    inbox, after: 1, problem: "the process ended while it handled the message, alone")
            }
            let begun = ContinuousClock.now
            inHand = sifting.taken.count
            let handled = try await commit(sifting, in: inbox, parking: nil).handled
            batch.took(.now - begun, events: sifting.taken.count)
            (failures, heldUp, countedTry, inHand) = (0, 0, nil, 0)
            // What only waits now says nothing of what the others need.
            if handled > 0 { await surroundings.outages.succeeded(pass) } else { surroundings.outages.withdrew(pass) }
        } catch {
            try await settle(error, pass)
            throw error
        }
        try await drop(sifting.looked)
    }

    private func waitsBehind(_ arrival: Arrival) -> Bool {
        arrival.message.record.key.map { parked[$0] != nil } ?? false
    }

    /// An operator lets one hole pass, whatever it is.
    private func sifted(upTo limit: Int) -> Sifting {
        var accepts = standing?.acceptsHole == true
        return sifted(upTo: limit) { hole, isBehindGap in
            defer { accepts = false }
            return accepts || (isBehindGap && knownHoles.contains(hole))
        }
    }

    func sifted(upTo limit: Int, mayPass: (Sifting.Hole, Bool) -> Bool) -> Sifting {
        let marks = ledger.marks
        return Sifting(
            pending, known: { (marks[$0] ?? nil)?.sequence }, upTo: limit, behind: gaps, mayPass: mayPass)
    }

    /// What a failed message is told with when it is parked.
    struct Parking: Sendable {
        let attempts: Int
        let problem: String
        let delay: Duration?
    }

    /// Writes effects and marks in one transaction; what waits behind a letter goes behind it.
    /// - Returns: the messages that were new, and how many of them were handled.
    private mutating func commit(
        _ sifting: Sifting, in inbox: Inbox, parking: Parking?
    ) async throws -> (fresh: [Message], handled: Int) {
        let after = pending.dropFirst(sifting.looked).lazy.map(\.offset).min() ?? end
        let (surroundings, known, parked, standing) = (surroundings, ledger, parked, standing)
        let committed = try await surroundings.pool.transaction { transaction in
            let turn = try await inbox.takeTurn(
                after: known, to: after, marks: sifting.marks, ids: sifting.foreignIDs, in: transaction)
            let fresh = sifting.taken(fresh: turn.fresh).map(\.message)
            var handled = 0
            if standing?.acceptsHole == true, !sifting.passed.isEmpty { inbox.forgetAcceptance(in: transaction) }
            if let parking {
                let state: Letter.State = parking.delay == nil ? .dead : .waiting
                transaction.enqueue(
                    try NewLetters(fresh) { _ in state }.statement(
                        for: inbox, attempts: parking.attempts, problem: parking.problem, delay: parking.delay))
            } else {
                let waiting = parked.isEmpty ? [] : fresh.filter { $0.record.key.map { parked[$0] != nil } ?? false }
                let free =
                    waiting.isEmpty ? fresh : fresh.filter { $0.record.key.map { parked[$0] == nil } ?? true }
                if !waiting.isEmpty {
                    let policy = surroundings.declaration.policy
                    transaction.enqueue(
                        try NewLetters(waiting) { message in
                            policy.state(behind: parked[message.record.key ?? []] ?? .waiting)
                        }.statement(for: inbox))
                }
                if !free.isEmpty { try await surroundings.handle(free, in: transaction) }
                handled = free.count
            }
            try surroundings.steps.reach(.handled)
            return (ledger: turn.ledger, fresh: fresh, handled: handled)
        }
        (ledger, reached) = (committed.ledger, after)
        for hole in sifting.passed {
            surroundings.tell(.passedHole, "\(inbox.partition): \(hole); it was passed")
        }
        if standing?.acceptsHole == true, !sifting.passed.isEmpty { loseStanding() }
        if let message = committed.fresh.first, let parking { tell(message, parking, in: inbox) }
        if parked.values.contains(.dead) { await surroundings.deaths.wake() }
        try surroundings.steps.reach(.committed)
        return (committed.fresh, committed.handled)
    }

    /// Has the first pending message wait for another try, and its key behind it.
    mutating func park(_ inbox: Inbox, after attempts: Int, problem: String) async throws {
        let sifting = sifted(upTo: 1)
        let policy = surroundings.declaration.policy
        let delay = attempts < policy.attempts ? policy.backoff.delay(after: attempts) : nil
        let parking = Parking(attempts: attempts, problem: problem, delay: delay)
        let parked = try await commit(sifting, in: inbox, parking: parking).fresh
        if let key = parked.first?.record.key { self.parked[key] = delay == nil ? .dead : .waiting }
        if let delay { nextTry = min(nextTry ?? .now + delay, .now + delay) }
        if delay == nil { await surroundings.deaths.wake() }
        (failures, countedTry) = (0, nil)
        try await drop(sifting.looked)
    }

    private func tell(_ message: Message, _ parking: Parking, in inbox: Inbox) {
        surroundings.tell(parking.delay == nil ? .gaveUp : .parked, "\(message): \(parking.problem)")
    }

    /// Counts the try before it is made, where the one before may have ended the process; true when it was tried before.
    private mutating func wasTried(_ arrival: Arrival, in inbox: Inbox) async throws -> Bool {
        if countedTry == arrival.offset { return false }
        guard try await inbox.countTry(of: arrival.offset, after: ledger) == 0 else { return true }
        countedTry = arrival.offset
        return false
    }
}

extension ConsumerPolicy {
    var backoff: Backoff { Backoff(base: firstDelay, limit: longestDelay) }

    /// Of a message that comes behind a letter of its key.
    func state(behind letter: Letter.State) -> Letter.State {
        switch whileRetrying {
        case .keyWaits: letter
        case .keyGoesToDeadLetters: .dead
        }
    }
}
