public import MartletPostgres
public import MartletStreamingLog

/// What reads topics and has effects in its own database: each message's once, however often it is delivered.
public protocol MessageConsumer: Sendable {
    /// Names the group in the log and the inbox in the database: up to 100 letters, digits, dots, underscores and hyphens.
    static var name: String { get }
    static var topics: [TopicName] { get }
    /// How it reads, and what becomes of messages that it cannot handle.
    static var policy: ConsumerPolicy { get }

    /// Whether an error says that something is away which every message needs: then no message is to blame, and all wait.
    ///
    /// A thrown ``DependencyUnavailable`` says so by itself.
    func isOutage(_ error: any Error) -> Bool
}

/// Handles messages one by one.
///
/// ```swift
/// struct Notifications: MessageHandler {
///     static let name = "notifications"
///     static let topics: [TopicName] = ["orders"]
///
///     func handle(_ message: Message, in transaction: Transaction) async throws {
///         let order = try message.decode(OrderPlaced.self)
///         transaction.enqueue("INSERT INTO mails (order_id) VALUES (\(order.id))")
///     }
/// }
/// ```
public protocol MessageHandler: MessageConsumer {
    /// Writes what a message leads to. What it does with the transaction commits together with the note that the message
    /// was taken; what it does elsewhere may be done again.
    ///
    /// Messages of one key come in their order. Statements that need no answer are best enqueued: then many messages take
    /// one round trip. What it throws is tried again later, while messages of other keys go on.
    ///
    /// The transaction is ended by the server when it hears nothing for two seconds, and no statement waits longer than
    /// that for a lock: what takes long elsewhere does not belong here.
    func handle(_ message: Message, in transaction: Transaction) async throws
}

/// Handles the messages of a page together, in the partition's order; after a failure one by one.
public protocol BatchMessageHandler: MessageConsumer {
    /// As ``MessageHandler/handle(_:in:)``; there is at least one message.
    func handle(_ messages: [Message], in transaction: Transaction) async throws
}

extension MessageConsumer {
    public static var policy: ConsumerPolicy { ConsumerPolicy() }

    public func isOutage(_ error: any Error) -> Bool { false }
}

/// Something that every message needs is away: the consumer waits and tries again, and no message counts as failed.
public struct DependencyUnavailable: Error, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// How a consumer reads, and what becomes of messages that it cannot handle.
public struct ConsumerPolicy: Sendable {
    /// What comes behind a message that is tried again.
    public enum WhileRetrying: Hashable, Sendable {
        /// Messages of its key wait behind it, in their order; those of other keys go on.
        case keyWaits
        /// Messages of its key go to the dead letters at once.
        case keyGoesToDeadLetters
    }

    /// How often a message is tried before it becomes a dead letter.
    public var attempts: Int
    public var whileRetrying: WhileRetrying
    /// The wait after the first try; doubles with each, up to `longestDelay`, less a random part of up to a half.
    public var firstDelay: Duration
    public var longestDelay: Duration
    /// The most messages of a partition in one transaction, and in memory: a page that is handled and one read ahead.
    public var page: FetchLimits
    /// Where it begins, and whether it may go on when messages are gone that it has not read.
    public var start: ConsumeOptions.Start

    public init(
        attempts: Int = 10, whileRetrying: WhileRetrying = .keyWaits, firstDelay: Duration = .seconds(1),
        longestDelay: Duration = .seconds(300), page: FetchLimits = FetchLimits(),
        start: ConsumeOptions.Start = .beginning
    ) {
        precondition(attempts > 0, "expected at least one attempt, found \(attempts)")
        precondition(
            firstDelay > .zero && longestDelay >= firstDelay,
            "expected delays from above zero, found \(firstDelay) to \(longestDelay)")
        (self.attempts, self.whileRetrying) = (attempts, whileRetrying)
        (self.firstDelay, self.longestDelay) = (firstDelay, longestDelay)
        (self.page, self.start) = (page, start)
    }
}
