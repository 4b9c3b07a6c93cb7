import MartletPostgres
import MartletProjections
import MartletStreamingLog

extension InboxWorker {
    /// Tells the breaker what an error says about what the consumer depends on.
    func settle(_ error: any Error, _ pass: OutageBreaker.Pass) async throws {
        guard let failure = error as? HandlerFailure, !Task.isCancelled else {
            return surroundings.outages.withdrew(pass)
        }
        if surroundings.declaration.isOutage(failure.error) {
            await surroundings.outages.failed(pass, because: String(problem: failure.error))
        } else if failure.isOfTheMessage {
            await surroundings.outages.succeeded(pass)
        } else {
            surroundings.outages.withdrew(pass)
        }
    }

    /// Waits and lets the next try begin, or parks the message that has failed.
    mutating func recover(from error: any Error) async throws {
        try Task.checkCancellation()
        if let failure = error as? HandlerFailure, surroundings.declaration.isOutage(failure.error) { return }
        let isInTheWay = (error as? HandlerFailure)?.isInTheWay ?? false
        // When the letter is tried next, stands with it.
        if isInTheWay, inHand == 0 { return loseStanding() }
        failures += 1
        if case StreamingLogError.offsetOutOfRange = error, let inbox, pending.isEmpty {
            return try await stop(inbox, because: String(problem: error))
        }
        if isInTheWay, let inbox { return try await holdUp(inbox, by: error) }
        guard error.isOfTheMessage, let inbox else {
            // A commit whose outcome is unknown has moved the marks or not; and somebody else may have.
            loseStanding()
            if error.isLostRace {
                if failures > 3 { try await rest(for: min(backoff.delay(after: failures), .milliseconds(100))) }
                return
            }
            // That others are in the way, or a statement took too long, is nothing once.
            if failures > 3, let inbox { try await tell(error, of: inbox) }
            return try await rest(for: backoff.delay(after: failures))
        }
        guard let failure = error as? HandlerFailure ?? (inHand > 0 ? HandlerFailure(error: error) : nil) else {
            loseStanding()
            try await tell(error, of: inbox)
            return try await rest(for: backoff.delay(after: failures))
        }
        let wasAlone = inHand == 1
        inHand = 0
        batch.failed()
        if wasAlone { try await giveUp(inbox, because: String(problem: failure.error)) }
    }

    /// Somebody is in the way of what is handled, or a statement takes too long: it is looked for one by one, and when it
    /// has been one message for three tries in a row, other keys wait for it no longer. None of that counts as a try.
    private mutating func holdUp(_ inbox: Inbox, by error: any Error) async throws {
        heldUp = inHand == 1 ? heldUp + 1 : 0
        inHand = 0
        batch.failed()
        // Where what comes behind a letter is given up, nothing that may pass makes one.
        if heldUp >= 3, surroundings.declaration.policy.whileRetrying == .keyWaits {
            heldUp = 0
            return try await giveUp(inbox, after: 0, because: problem(of: error))
        }
        loseStanding()
        if failures > 3 { try await tell(error, of: inbox) }
        try await rest(for: backoff.delay(after: failures))
    }

    /// Parks the first pending message; what cannot be written down must not be passed.
    private mutating func giveUp(_ inbox: Inbox, after attempts: Int = 1, because problem: String) async throws {
        do {
            try await park(inbox, after: attempts, problem: problem)
        } catch let error where error.isOfTheMessage {
            let flaw = String(problem: error)
            try await stop(inbox, because: "a message cannot be parked: \(flaw); it failed with: \(problem)")
        } catch let error where !(error is CancellationError || error is ConsumerSteps.Crash || error is Revoked) {
            loseStanding()
            try await rest(for: backoff.delay(after: failures))
        }
    }

    /// Whoever asks how the consumer is sees it; that it cannot be told changes nothing.
    private func tell(_ error: any Error, of inbox: Inbox) async throws {
        if let error = error as? PostgresError, error.isUnavailability { return }
        do { try await inbox.tell(problem(of: error)) } catch { try Task.checkCancellation() }
    }

    private func problem(of error: any Error) -> String {
        String(problem: (error as? HandlerFailure)?.error ?? error)
    }

    mutating func stop(_ inbox: Inbox, because reason: String) async throws {
        do {
            try await inbox.stop(because: reason, after: ledger)
            surroundings.tell(.stopped, "\(inbox.partition): \(reason)")
        } catch is InboxError {}
        loseStanding()
    }

    // MARK: holes

    /// Reads again from the first offset that is not done with, and stops after some tries. Looked at twice, what is missing
    /// does not come any more: passed then where the log has left out offsets.
    mutating func stand(before found: Sifting.Hole, in inbox: Inbox) async throws {
        let times = hole.map { $0.0 == found ? $0.times + 1 : 1 } ?? 1
        hole = (found, times)
        guard times <= 5 else {
            hole = nil
            return try await stop(inbox, because: "\(found): was it lost, or reordered?")
        }
        knownHoles = Set(sifted(upTo: .max) { _, _ in true }.passed)
        var from = pageStart
        while done.contains(from) { from = from.next }
        try await rest(for: Backoff(base: .milliseconds(50), limit: .seconds(1)).delay(after: times))
        try await feed.seek(to: from)
        (pending, done, pageStart, end) = ([], [], from, from)
    }
}
