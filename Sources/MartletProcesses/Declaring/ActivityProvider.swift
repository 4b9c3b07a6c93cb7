/// Something outside that a process calls, such as a payment provider.
///
/// ```swift
/// struct CardProvider: ActivityProvider {
///     static let name = "card"
///     enum Request: Codable { case charge(order: String, cents: Int), refund(order: String) }
///     enum Answer: Codable { case charged, declined, refunded }
///
///     func perform(_ request: Request, key: IdempotencyKey) async throws -> Answer { … }
///
///     func isDone(_ answer: Answer) -> Bool { if case .refunded = answer { true } else { false } }
/// }
/// ```
/// The same key must have the same effect and get the same answer however often it is asked: a call whose answer was
/// lost is made again.
public protocol ActivityProvider: Sendable {
    /// What can be asked of it.
    associatedtype Request: Codable & Sendable
    /// What it can answer, a refusal such as a declined payment included.
    associatedtype Answer: Codable & Sendable

    /// It reaches the database, so it is written down and never changes.
    static var name: String { get }

    /// How it is called.
    var policy: CallPolicy { get }

    /// Does what is asked, once for each key.
    ///
    /// It suspends while it waits for the answer. A call that blocks its thread takes that from everything else in the
    /// process, the renewing of leases included.
    /// - Throws: anything, when no answer is to be had now; it is then asked again.
    func perform(_ request: Request, key: IdempotencyKey) async throws -> Answer

    /// Whether an answer says that what was to be undone is undone. One that says no is a failure: it is asked again, and
    /// then an operator is.
    func isDone(_ answer: Answer) -> Bool
}

extension ActivityProvider {
    public var policy: CallPolicy { CallPolicy() }

    public func isDone(_: Answer) -> Bool { true }
}

/// What tells a provider that it was asked the same before: of the process, the instance and the step's number.
///
/// What undoes a step is another step, with a key of its own: what it is to undo, its request has to say.
public struct IdempotencyKey: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByStringInterpolation,
    CustomStringConvertible
{
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(stringLiteral text: String) { self.init(rawValue: text) }

    public var description: String { rawValue }
}

/// How a provider is called.
public struct CallPolicy: Hashable, Sendable {
    /// How long one try may take. It is cancelled then; one that goes on all the same is not waited for.
    public var timeout: Duration
    /// How many tries are made, the first included.
    public var attempts: Int
    /// How long to wait after the first failed try; doubles up to ``longestPause``, with jitter.
    public var pause: Duration
    /// The most that is waited between two tries, however many have failed.
    public var longestPause: Duration
    /// How many calls of one process manager may be under way at once in one operating system process, those included
    /// that were given up and have not ended. Once all of them are such, tries fail without being made.
    public var concurrency: Int
    /// How many tries in a row may fail before calls are held back.
    public var failuresToOpen: Int
    /// How long they are then held back, until one of them is tried.
    public var recovery: Duration

    public init(
        timeout: Duration = .seconds(10), attempts: Int = 8, pause: Duration = .milliseconds(200),
        longestPause: Duration = .seconds(60), concurrency: Int = 32, failuresToOpen: Int = 10,
        recovery: Duration = .seconds(5)
    ) {
        precondition(timeout > .zero, "expected a timeout above zero, found \(timeout)")
        precondition(attempts > 0, "expected at least one attempt, found \(attempts)")
        precondition(concurrency > 0, "expected at least one call at a time, found \(concurrency)")
        precondition(
            failuresToOpen > 0, "expected at least one failure before calls are held back, found \(failuresToOpen)")
        (self.timeout, self.attempts, self.pause, self.longestPause) = (timeout, attempts, pause, longestPause)
        (self.concurrency, self.failuresToOpen, self.recovery) = (concurrency, failuresToOpen, recovery)
    }
}
