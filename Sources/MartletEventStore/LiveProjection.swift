public import MartletDomain

/// What some events come to, folded when somebody asks and stored nowhere: for what is looked at seldom, or is made of
/// few events at a time.
///
/// ```swift
/// struct OrderTimeline: LiveProjection {
///     var entries: [Entry] = []
///
///     mutating func apply(_ event: ShopEvent) { … }
/// }
/// let timeline = try await shop.store.fold(OrderTimeline.self, over: .correlation(request)).value
/// ```
public protocol LiveProjection: Sendable {
    /// The events it takes: `Recorded<Order>`, or an enum of several; inferred from ``apply(_:)``.
    associatedtype Input: EventInput

    /// What there is before the first event.
    init()

    /// Takes the next event, in the order of the log.
    mutating func apply(_ input: Input)
}

/// Which events a ``LiveProjection`` is folded from, of those that it takes.
public enum LiveScope: Hashable, Sendable {
    case stream(StreamName)
    /// All that one request led to. A scan of the log, unless you make an index; see the module's page.
    case correlation(String)
    case log
}

/// A live projection, and how far it has come.
public struct LiveView<View: LiveProjection>: Sendable {
    public var value = View()
    /// Every event up to here is in the value, and none after it; of a stream that is its last event.
    public var position = GlobalPosition.start
}
