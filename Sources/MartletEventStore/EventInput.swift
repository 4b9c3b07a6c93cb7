public import MartletDomain

/// What a reader of several kinds of events takes: `Recorded<Order>` for one aggregate's, or an enum with a case for
/// each, so that a `switch` over it which forgets one does not compile.
///
/// ```swift
/// enum ShopEvent: EventInput {
///     case order(Recorded<Order>)
///     case payment(Recorded<Payment>)
///
///     static let sources: [EventSource<Self>] = [.events(Self.order), .events(Self.payment)]
/// }
/// ```
public protocol EventInput: Sendable {
    /// The aggregates whose events it takes, each category once. Write it as `static let`.
    static var sources: [EventSource<Self>] { get }
}

/// The events of one aggregate, as one case of an ``EventInput``.
public struct EventSource<Input: Sendable>: Sendable {
    package let category: String
    /// Nil when the event is retired.
    let decode: @Sendable (EventCodec, StoredEvent) throws(EventStoreError) -> Input?

    /// All events of an aggregate, wrapped by the case that holds them.
    public static func events<A: Aggregate>(_ wrap: @escaping @Sendable (Recorded<A>) -> Input) -> EventSource {
        EventSource(category: A.category) { codec, stored throws(EventStoreError) in
            guard let recorded = try codec.decode(stored, of: A.self) else { return nil }
            return wrap(recorded)
        }
    }
}

extension EventSource {
    /// The same events as part of another input.
    package func map<Other: Sendable>(_ wrap: @escaping @Sendable (Input) -> Other) -> EventSource<Other> {
        let decode = decode
        return EventSource<Other>(category: category) { codec, stored throws(EventStoreError) in
            guard let input = try decode(codec, stored) else { return nil }
            return wrap(input)
        }
    }
}

extension EventInput {
    /// Those whose events it takes.
    /// - Precondition: it names each once, since a second source of the same would never be asked.
    package static var categories: Set<String> {
        let categories = sources.map(\.category)
        precondition(
            Set(categories).count == categories.count,
            "\(Self.self): expected each category once among the sources, found \(categories)")
        return Set(categories)
    }
}

extension Recorded: EventInput {
    public static var sources: [EventSource<Recorded<A>>] { [.events { $0 }] }
}

extension EventStore {
    /// Decodes a stored event, or returns nil when it is none of the input's, or retired.
    /// - Throws: ``EventStoreError/undecodable(type:_:_:_:problem:)``.
    package func decode<Input: EventInput>(
        _ stored: StoredEvent, as _: Input.Type
    ) throws(EventStoreError) -> Input? {
        try decode(stored, from: Input.sources)
    }

    /// Decodes a stored event by the first source that takes its category; for many events, whose sources are then made
    /// once.
    /// - Throws: ``EventStoreError/undecodable(type:_:_:_:problem:)``.
    package func decode<Input>(
        _ stored: StoredEvent, from sources: [EventSource<Input>]
    ) throws(EventStoreError) -> Input? {
        for source in sources where stored.stream.isOf(source.category) {
            return try source.decode(codec, stored)
        }
        return nil
    }

    package func metadata(of stored: StoredEvent) throws(EventStoreError) -> Metadata { try codec.metadata(of: stored) }

    /// What events carry that a stored event causes; see ``MartletDomain/Recorded/consequence``.
    package func consequence(of stored: StoredEvent) throws(EventStoreError) -> Metadata {
        try codec.metadata(of: stored).consequence(of: stored.id)
    }
}
