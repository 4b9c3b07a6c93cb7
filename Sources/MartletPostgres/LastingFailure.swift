/// When to tell of work that is tried again and again by itself: once it has failed for a while, and then each so often,
/// until it succeeds.
package struct LastingFailure: Sendable {
    private let patience: Duration
    private var due: ContinuousClock.Instant?

    /// - Parameter patience: for how long it may fail; it is told again each time that sixty times as much has passed.
    package init(patience: Duration = .seconds(60)) { self.patience = patience }

    /// Takes note of a try that has failed, and says whether to tell of it.
    package mutating func isToBeTold(at now: ContinuousClock.Instant = .now) -> Bool {
        let wasDue = due
        guard let wasDue, now >= wasDue else {
            due = wasDue ?? now + patience
            return false
        }
        due = now + patience * 60
        return true
    }

    /// Takes note of a try that has not.
    package mutating func hasPassed() { due = nil }
}
