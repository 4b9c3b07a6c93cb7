/// Lets a few tasks in at once, and the others wait for their turn.
actor Turnstile {
    enum Passage: Hashable, Sendable {
        case atOnce
        case afterWaiting
        /// There is no room, and nobody can say when there will be.
        case blocked
    }

    private var turns: Turns
    private var continuations: [Turns.Ticket: CheckedContinuation<Passage?, Never>] = [:]

    init(limit: Int) { turns = Turns(limit: limit) }

    /// Whoever is let in has to ``leave(isAbandoned:)``.
    /// - Throws: `CancellationError`.
    func enter() async throws -> Passage {
        switch turns.enter() {
        case .go: return .atOnce
        case .blocked: return .blocked
        case .wait(let ticket):
            let passage = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    continuations[ticket] = continuation
                    if Task.isCancelled { giveUp(ticket) }
                }
            } onCancel: {
                Task { await self.giveUp(ticket) }
            }
            guard let passage else { throw CancellationError() }
            return passage
        }
    }

    func leave(isAbandoned: Bool = false) {
        guard let next = turns.leave(isAbandoned: isAbandoned) else { return }
        continuations.removeValue(forKey: next)?.resume(returning: .afterWaiting)
    }

    /// One that is inside is not waited for any more.
    func abandon() {
        for ticket in turns.abandon() { continuations.removeValue(forKey: ticket)?.resume(returning: .blocked) }
    }

    private func giveUp(_ ticket: Turns.Ticket) {
        guard turns.giveUp(ticket) else { return }
        continuations.removeValue(forKey: ticket)?.resume(returning: nil)
    }

    /// Does something while inside.
    /// - Parameter limit: after which its place is another's, whether it has ended or not; nil for when it has.
    func inside<Result: Sendable>(
        atMost limit: Duration?, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        _ = try await enter()
        let exit = FirstResult<Void>()
        let clock = limit.map { limit in
            Task {
                try await Task.sleep(for: limit)
                if exit.settle(()) { leave() }
            }
        }
        defer {
            clock?.cancel()
            if exit.settle(()) { leave() }
        }
        return try await body()
    }
}
