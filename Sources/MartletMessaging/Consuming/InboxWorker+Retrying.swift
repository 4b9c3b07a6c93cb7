import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// Letters that are tried again by whoever has their partition.
extension InboxWorker {
    /// Tries the letter that is due, if there is one.
    mutating func retry(_ inbox: Inbox, _ pass: OutageBreaker.Pass) async throws {
        isPagesTurn = true
        inHand = 0
        do {
            guard let letter = try await countDue(in: inbox) else {
                surroundings.outages.withdrew(pass)
                nextTry = try await inbox.nextTry()
                return
            }
            countedLetter = letter.id
            try surroundings.steps.reach(.counted)
            if letter.attempts > surroundings.declaration.policy.attempts {
                surroundings.outages.withdrew(pass)
                try await failed(
                    letter, letter.problem ?? "the process ended each time it handled the message", in: inbox)
            } else {
                try await handle(letter, in: inbox, pass)
            }
            countedLetter = nil
            nextTry = try await inbox.nextTry()
            failures = 0
        } catch {
            surroundings.outages.withdrew(pass)
            throw error
        }
    }

    /// Before it is tried: the try may end the process.
    private mutating func countDue(in inbox: Inbox) async throws -> Letter? {
        let (ledger, policy) = (ledger, surroundings.declaration.policy)
        let (next, letter) = try await surroundings.pool.transaction { transaction in
            let turn = try await inbox.takeTurn(after: ledger, in: transaction)
            return (turn.ledger, try await inbox.countDueTry(policy: policy, in: transaction))
        }
        self.ledger = next
        return letter
    }

    private mutating func handle(_ letter: Letter, in inbox: Inbox, _ pass: OutageBreaker.Pass) async throws {
        let (surroundings, ledger) = (surroundings, ledger)
        do {
            let (next, isFree) = try await surroundings.pool.transaction { transaction in
                let turn = try await inbox.takeTurn(after: ledger, in: transaction)
                try await surroundings.handle([letter.message], in: transaction)
                let isFree = try await inbox.end(letter, in: transaction)
                try surroundings.steps.reach(.handled)
                return (turn.ledger, isFree)
            }
            self.ledger = next
            if isFree, let key = letter.message.record.key { parked[key] = nil }
            await surroundings.outages.succeeded(pass)
        } catch let error where error.isOfTheMessage && !(error is ConsumerSteps.Crash) {
            try Task.checkCancellation()
            try await settle(error, pass)
            let cause = (error as? HandlerFailure)?.error ?? error
            if error is HandlerFailure, surroundings.declaration.isOutage(cause) {
                return try await inbox.uncountTry(of: letter.id)
            }
            try await failed(letter, String(problem: cause), in: inbox)
        } catch let error where !(error is CancellationError || error is ConsumerSteps.Crash) {
            try Task.checkCancellation()
            try await settle(error, pass)
            // Where it cannot be told now, one try more is counted than was made.
            do {
                try await inbox.uncountTry(of: letter.id, nextAfter: delay(after: error))
            } catch { try Task.checkCancellation() }
            countedLetter = nil
            throw error
        }
        try surroundings.steps.reach(.committed)
    }

    /// What others are in the way of is not tried again at once: messages of other keys wait for each try.
    private func delay(after error: any Error) -> Duration {
        guard (error as? HandlerFailure)?.isInTheWay == true else { return .zero }
        return min(.seconds(10), surroundings.declaration.policy.longestDelay)
    }

    private mutating func failed(_ letter: Letter, _ problem: String, in inbox: Inbox) async throws {
        let (ledger, isLast) = (ledger, letter.attempts >= surroundings.declaration.policy.attempts)
        self.ledger = try await surroundings.pool.transaction { transaction in
            let turn = try await inbox.takeTurn(after: ledger, in: transaction)
            inbox.failed(letter, problem: problem, givesUp: isLast, in: transaction)
            return turn.ledger
        }
        guard isLast else { return }
        if let key = letter.message.record.key { parked[key] = .dead }
        surroundings.tell(.gaveUp, "\(letter.message): \(problem)")
        await surroundings.deaths.wake()
    }
}
