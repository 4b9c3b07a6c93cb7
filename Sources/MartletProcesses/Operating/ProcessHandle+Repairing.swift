public import MartletDomain
import MartletEventStore
import MartletPostgres
public import MartletProjections

/// What an operator does about instances that do not go on, from any process, whether or not it runs the process manager.
///
/// Each decision is an event in the instance's journal, and so in the log with who made it and why. It takes effect when
/// the process manager has come to it, which ``caughtUp(to:within:)`` waits for.
extension ProcessHandle {
    /// Has a parked step tried again, at once and as often as at first.
    ///
    /// One that was parked because of an answer is asked anew, under a new idempotency key; one that got no answer is
    /// asked under the key that it had.
    /// - Throws: ``ProcessOperationError``, `AppendError`, `PostgresError`.
    @discardableResult
    public func retry(_ step: StepChoice, of key: String, by actor: String) async throws -> Receipt {
        try Self.require(actor, "an actor")
        let effect = try await operable(key).parkedStep(step)
        return try await record(.retried(reference(to: effect), by: actor), key)
    }

    /// Has every parked step tried again, as after an outage; but those of instances with a parked input, which would wait
    /// behind that.
    /// - Parameter step: only those of this name.
    /// - Returns: how many there were; those before the one at which it fails are tried again.
    /// - Throws: as ``retry(_:of:by:)``; `CancellationError`.
    @discardableResult
    public func retryAll(
        _ step: Step? = nil, by actor: String, progress: @Sendable (_ retried: Int) -> Void = { _ in }
    ) async throws -> Int {
        try Self.require(actor, "an actor")
        var retried = 0
        var last: ParkedEffect?
        while case let page = try await pool.query(queries.parkedPage(step, after: last)), !page.isEmpty {
            for row in page {
                try Task.checkCancellation()
                let effect = try ParkedEffect(row)
                _ = try await record(.retried(effect.reference, by: actor), effect.instance)
                (retried, last) = (retried + 1, effect)
                progress(retried)
            }
        }
        return retried
    }

    /// Decides that a parked step is never to be had. The process is told that a call has failed; what undoes something
    /// counts as done, and the step before it is undone next; a command is forgotten. So it is with a step whose answer
    /// was discarded by ``discardParked(_:reason:by:)``, which would be waited for in vain.
    /// - Parameters:
    ///   - reason: why, for whoever asks later.
    ///   - actor: who has decided it.
    /// - Throws: as ``retry(_:of:by:)``.
    @discardableResult
    public func skip(_ step: StepChoice, of key: String, reason: String, by actor: String) async throws -> Receipt {
        try Self.require(reason, "a reason")
        try Self.require(actor, "an actor")
        let effect = try await skippable(step, of: key)
        return try await record(.skipped(reference(to: effect), reason: reason, by: actor), key)
    }

    /// Has a running instance undone: as if the process had asked for it.
    /// - Throws: as ``retry(_:of:by:)``.
    @discardableResult
    public func compensate(_ key: String, reason: String, by actor: String) async throws -> Receipt {
        try Self.require(reason, "a reason")
        try Self.require(actor, "an actor")
        let report = try await operable(key)
        guard let life = report.life else { throw ProcessOperationError.noInstance(process: name, key: key) }
        switch life.status {
        case .running: break
        case .compensating: throw ProcessOperationError.isCompensating(process: name, key: key)
        case .completed, .compensated:
            throw ProcessOperationError.hasEnded(process: name, key: key, life.status)
        }
        return try await record(.compensationRequested(reason: reason, by: actor), key)
    }

    /// Has the process react to an instance's parked inputs in their order, until one fails again. What it asks for then is
    /// delivered within some seconds: whoever has the instance's partition finds it when it next looks.
    /// - Throws: ``ProcessOperationError``, `ParkingError`, `EventStoreError`, `PostgresError`.
    @discardableResult
    public func retryParked(_ key: String) async throws -> RetryOutcome {
        try await parked(key) { try await follower.retry(key.asEventKey) }
    }

    /// Decides that the process never reacts to an instance's first parked input, so that those behind it can be retried.
    /// - Returns: where the input is in the log.
    /// - Throws: as ``retryParked(_:)``.
    @discardableResult
    public func discardParked(_ key: String, reason: String, by actor: String) async throws -> GlobalPosition {
        try await parked(key) { try await follower.discard(key.asEventKey, reason: reason, by: actor) }
    }

    /// Ends its work in all processes until it is resumed: it reacts to nothing, delivers nothing and no timer is taken.
    /// - Throws: `PostgresError`.
    public func pause(because reason: String? = nil) async throws { try await follower.pause(because: reason) }

    /// Lets it go on that was paused or has stopped.
    /// - Throws: `PostgresError`.
    public func resume() async throws { try await follower.resume() }

    private static func require(_ text: String, _ what: String) throws(ProcessOperationError) {
        guard text.contains(where: { !$0.isWhitespace }) else { throw .unexplained(missing: what) }
    }

    /// The instance, unless what is decided about it would wait behind something.
    private func operable(_ key: String) async throws -> InstanceReport {
        guard let report = try await instance(key) else {
            throw ProcessOperationError.noInstance(process: name, key: key)
        }
        if let parked = report.parkedInput {
            throw ProcessOperationError.hasParkedInput(process: name, key: key, count: parked.count)
        }
        return report
    }

    /// The step that is meant, parked or with its answer discarded.
    private func skippable(
        _ step: StepChoice, of key: String
    ) async throws -> InstanceReport.OutstandingEffect {
        let report = try await operable(key)
        do throws(ProcessOperationError) { return try report.parkedStep(step) } catch {
            guard case .notParked = error else { throw error }
            for effect in report.steps(step) {
                let rows = try await pool.query(queries.discardedAnswer(to: reference(to: effect), of: key))
                if !rows.isEmpty { return effect }
            }
            throw error
        }
    }

    private func reference(to effect: InstanceReport.OutstandingEffect) -> EffectReference {
        EffectReference(number: effect.number, round: effect.round, step: effect.step, target: effect.target)
    }

    private func parked<Result>(_ key: String, _ operation: () async throws -> Result) async throws -> Result {
        do { return try await operation() } catch ParkingError.nothingParked {
            throw ProcessOperationError.nothingParked(process: name, key: key)
        } catch ParkingError.unexplained(let missing) {
            throw ProcessOperationError.unexplained(missing: missing)
        }
    }
}
