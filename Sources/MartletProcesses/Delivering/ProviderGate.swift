import MartletJSON
import MartletProjections
import Synchronization

/// The way to one provider from this process: how many calls at once, how long each may take, and whether it is asked at
/// all for now.
///
/// A call that is given up is cancelled; one that ignores that keeps its place among those which may be under way until
/// it ends. Once such calls have all the places, tries fail without being made.
final class ProviderGate: Sendable {
    enum Outcome: Hashable, Sendable {
        /// JSON.
        case answered([UInt8])
        /// The provider has answered that what was to be undone is not undone.
        case notDone(String)
        case failed(String)
        /// It would fail each time, so it is of no use to ask again.
        case impossible(String)
        /// It was not asked, since it is not asked for now.
        case heldBack(for: Duration)
        /// It was not asked, since nobody wants it any more.
        case withdrawn
        /// The task was cancelled.
        case cut
    }

    let name: String
    let policy: CallPolicy
    private let ask: @Sendable ([UInt8], IdempotencyKey, Bool) async throws -> Outcome
    private let turnstile: Turnstile
    private let breaker: Mutex<CircuitBreaker>

    init<P: ActivityProvider>(_ provider: P) {
        (name, policy) = (P.name, provider.policy.bounded)
        turnstile = Turnstile(limit: policy.concurrency)
        breaker = Mutex(CircuitBreaker(failuresToOpen: policy.failuresToOpen, recovery: policy.recovery))
        ask = { body, key, isUndo in
            let request: P.Request
            do { request = try PayloadDecoder().decode(P.Request.self, from: body) } catch {
                return .impossible("the request cannot be read: \(error)")
            }
            let answer = try await provider.perform(request, key: key)
            let bytes = try PayloadEncoder().encode(answer)
            guard isUndo, !provider.isDone(answer) else { return .answered(bytes) }
            return .notDone("the provider has answered \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    /// Asks the provider once, when it is the call's turn.
    /// - Parameters:
    ///   - isWanted: asked right before the call is made, and told whether that had to wait.
    ///   - tell: told when calls are held back from now on.
    /// - Throws: what `isWanted` throws, and `CancellationError`; the provider was not asked.
    func call(
        _ body: [UInt8], key: IdempotencyKey, isUndo: Bool,
        ifWanted isWanted: (_ hasWaited: Bool) async throws -> Bool = { _ in true },
        tell: (String) -> Void = { _ in }
    ) async throws -> Outcome {
        // Those who are held back do not queue.
        if let delay = breaker.withLock({ $0.delay(at: .now) }) { return .heldBack(for: delay) }
        let passage = try await turnstile.enter()
        let isInside = passage != .blocked
        switch breaker.withLock({ $0.admit(at: .now) }) {
        case .heldBack(let delay):
            if isInside { await turnstile.leave() }
            return .heldBack(for: delay)
        case .go(let pass):
            guard isInside else {
                return judge(
                    .failed("\(policy.concurrency) calls that were given up have not ended"), pass, tell)
            }
            guard try await isStillWanted(pass, { try await isWanted(passage == .afterWaiting) }) else {
                return .withdrawn
            }
            return judge(await outcome(body, key, isUndo), pass, tell)
        }
    }

    /// What is not to be called leaves as if it had not come.
    private func isStillWanted(
        _ pass: CircuitBreaker.Pass, _ isWanted: () async throws -> Bool
    ) async throws -> Bool {
        do {
            if try await isWanted() { return true }
        } catch {
            breaker.withLock { $0.withdrew(pass, at: .now) }
            await turnstile.leave()
            throw error
        }
        breaker.withLock { $0.withdrew(pass, at: .now) }
        await turnstile.leave()
        return false
    }

    /// Waits for the call no longer than it may take, whether it ends then or not.
    private func outcome(_ body: [UInt8], _ key: IdempotencyKey, _ isUndo: Bool) async -> Outcome {
        let (first, turnstile, ask, limit) = (FirstResult<Outcome>(), turnstile, ask, policy.timeout)
        let call = Task {
            let outcome: Outcome
            do { outcome = try await ask(body, key, isUndo) } catch { outcome = .failed(String(problem: error)) }
            let isAwaited = first.settle(outcome)
            await turnstile.leave(isAbandoned: !isAwaited)
        }
        let giveUp = { @Sendable (outcome: Outcome) in
            guard first.settle(outcome) else { return }
            call.cancel()
            Task { await turnstile.abandon() }
        }
        let clock = Task {
            try await Task.sleep(for: limit)
            giveUp(.failed("no answer within \(limit)"))
        }
        defer { clock.cancel() }
        return await withTaskCancellationHandler {
            await first.value
        } onCancel: {
            giveUp(.cut)
        }
    }

    /// What the outcome says about the provider.
    private func judge(_ outcome: Outcome, _ pass: CircuitBreaker.Pass, _ tell: (String) -> Void) -> Outcome {
        let hasOpened = breaker.withLock { breaker in
            switch outcome {
            case .answered, .notDone:
                breaker.succeeded(pass)
                return false
            case .failed: return breaker.failed(pass, at: .now)
            case .impossible, .heldBack, .withdrawn, .cut:
                breaker.withdrew(pass, at: .now)
                return false
            }
        }
        if hasOpened, case .failed(let problem) = outcome {
            tell("\(policy.failuresToOpen) tries in a row have failed, the last with: \(problem)")
        }
        return outcome
    }
}

extension CallPolicy {
    /// With times that every clock can add.
    fileprivate var bounded: CallPolicy {
        let year = Duration.seconds(366 * 86_400)
        var policy = self
        policy.timeout = min(timeout, year)
        policy.pause = min(max(pause, .zero), year)
        policy.longestPause = min(max(longestPause, .zero), year)
        policy.recovery = min(max(recovery, .zero), year)
        return policy
    }
}
