public import MartletEventStore

/// What every projection says of itself: whose events it takes, and under which name and version its tables are kept.
///
/// Conform to ``Projection`` (any SQL) or ``TableProjection`` (rows folded in memory).
public protocol ReadModel: Sendable {
    /// The events it takes: `Recorded<Order>`, or an enum of several; inferred from what it does with them.
    associatedtype Input: EventInput

    /// Its checkpoint's name. It reaches the database, so it is written down and never changes.
    static var name: String { get }

    /// Raised whenever its tables are to be made anew, because their shape or what is written to them has changed.
    /// A program runs the version that is live, and no other; `projection-rebuild` makes the next one live.
    static var version: Int { get }

    /// Into how many partitions its work is divided, from 1 to 256, each worked on by one process at a time.
    ///
    /// Takes effect with the first build of a version.
    static var partitions: Int { get }

    /// What happens to an event that cannot be projected.
    static var onFailure: FailurePolicy { get }
}

extension ReadModel {
    public static var version: Int { 1 }
    public static var partitions: Int { 1 }
    public static var onFailure: FailurePolicy { .park() }
}

/// What happens to an event that cannot be projected, once a batch with it has been rolled back.
///
/// It is tried alone, again and again with exponential back-off and jitter. An absent database is waited for and counts
/// as no try.
public struct FailurePolicy: Hashable, Sendable {
    /// How often it is tried before it is given up, also when a try ends the process.
    public let attempts: Int
    /// Whether it is then parked, with all later events of its key behind it, while other keys go on; else the projection
    /// stops there until an operator resumes it.
    public let parks: Bool

    /// Parks the event's key: later events of that key wait behind it in order, other keys go on.
    public static func park(after attempts: Int = 5) -> FailurePolicy { .init(attempts: attempts, parks: true) }

    /// Stops the projection before the event.
    public static func stop(after attempts: Int = 5) -> FailurePolicy { .init(attempts: attempts, parks: false) }

    private init(attempts: Int, parks: Bool) {
        precondition(attempts > 0, "expected at least one attempt, found \(attempts)")
        (self.attempts, self.parks) = (attempts, parks)
    }
}
