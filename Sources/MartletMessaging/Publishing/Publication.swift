public import MartletEventStore
public import MartletProjections
public import MartletStreamingLog

/// Which events become messages for others, on which topic, and in which shape.
///
/// ```swift
/// struct OrderMessages: Publication {
///     static let name = "order_messages"
///     static let topic = Topic("orders", partitions: 4)
///     static let source = "/shop/orders"
///
///     func messages(for recorded: Recorded<Order>) -> [IntegrationEvent] {
///         guard case .placed(let customer, _) = recorded.event else { return [] }
///         return [IntegrationEvent(type: "order.placed.v1", data: OrderPlaced(customer: customer))]
///     }
/// }
/// ```
/// A relay follows the log of events and appends what the publication says of each, once and in the order of its key. It
/// runs with ``Application/run()``, shared with every other process that runs it.
public protocol Publication: Sendable {
    /// The events it takes: `Recorded<Order>`, or an enum of several; inferred from ``messages(for:)``.
    associatedtype Input: EventInput

    /// Its relay's name, and that of what it appends under. It reaches the databases, so it is written down and never
    /// changes; at most 100 bytes.
    static var name: String { get }

    /// Where its messages go. Made when it is missing; one that is there stays as it is.
    ///
    /// The relay's work is divided as the topic is when the publication is first deployed.
    static var topic: Topic { get }

    /// Whose events these are, as a URI reference: ``CloudEvent/source`` of every message.
    static var source: String { get }

    /// How a message lies in its record.
    static var mode: CloudEvent.Mode { get }

    /// Which events become messages when it is first deployed.
    static var start: PublicationStart { get }

    /// What happens to an event of which no message can be made.
    static var onFailure: FailurePolicy { get }

    /// What orders messages: the stream's key unless it says otherwise. It is the key of their records.
    ///
    /// Only with the streams' keys an event that cannot be read is parked; else nobody can tell whose it is, and the
    /// relay stops before it.
    var key: EventKey<Input> { get }

    /// What others are to hear of an event: none, one or up to 1,024 messages.
    ///
    /// A pure function of its input: after a crash it is asked again, and what it says then is taken for the same.
    /// - Throws: anything; see ``onFailure``.
    func messages(for input: Input) throws -> [IntegrationEvent]
}

extension Publication {
    public static var mode: CloudEvent.Mode { .binary }
    public static var start: PublicationStart { .beginning }
    public static var onFailure: FailurePolicy { .park() }
    public var key: EventKey<Input> { .stream }
}

/// Which events become messages when a publication is first deployed.
public enum PublicationStart: Sendable {
    /// All that are in the log.
    case beginning
    /// Those that are appended after `migrate()` has seen it for the first time.
    case end
}
