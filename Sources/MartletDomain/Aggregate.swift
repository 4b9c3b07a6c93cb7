/// The events of one aggregate, as a Codable enum: each case is one type of event, named as a past participle.
///
/// The case's name is the event's wire name and the associated values are its payload, so a renamed case is a
/// change of the stored format; `CodingKeys` keep the wire name while the case changes. A new optional value needs
/// nothing; any other change of what is stored is written down in ``history``.
public protocol EventPayload: Codable, Sendable {
    /// How events that were stored in older shapes read today; without a word about it, all are in today's shape.
    ///
    /// Write it as `static let`: it is asked for with every event.
    static var history: EventHistory { get }
}

extension EventPayload {
    public static var history: EventHistory { .none }
}

/// A consistency boundary: a struct that is rebuilt from its own events and decides which new ones a command causes.
///
/// `decide` sees an immutable `self`, so it cannot change state other than by returning events; `apply` cannot fail,
/// because what it is given has already happened.
public protocol Aggregate: Sendable {
    /// What callers may ask of the aggregate, as an enum of imperatives.
    associatedtype Command: Sendable
    /// What happened to the aggregate, as an enum of past participles.
    associatedtype Event: EventPayload
    /// Why a command can be refused; inferred from `decide`, and `Never` when it does not throw.
    associatedtype Rejection: Error = Never

    /// The first part of every stream's name and of every event's type, such as `order` in `order-42` and
    /// `order.placed`. It reaches the database, so it is written down and never changes; it has no hyphen.
    static var category: String { get }

    /// The state before the first event.
    init()

    /// Returns the events that the command causes; none when there is nothing left to do.
    /// - Throws: the rejection, which reaches the caller of `execute` as it is.
    func decide(_ command: Command) throws(Rejection) -> [Event]

    /// Moves the state on by one event.
    mutating func apply(_ event: Event)
}

extension Aggregate {
    public typealias ID = StreamID<Self>
}
