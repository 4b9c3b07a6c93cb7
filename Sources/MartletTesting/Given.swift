#if canImport(Testing)
public import Martlet
public import Testing

/// An aggregate with a past, for tests that say what a command comes to.
///
/// ```swift
/// @Test func `sending takes from the balance`() {
///     Given<Account>([.received(cents: 5_00)])
///         .when(.send(cents: 2_00, to: "bob"))
///         .then([.sent(cents: 2_00, to: "bob")])
/// }
///
/// @Test func `sending more than the balance is rejected`() {
///     Given<Account>().when(.send(cents: 1, to: "bob")).thenRejected(.insufficientFunds(shortBy: 1))
/// }
/// ```
///
/// Nothing is stored and nothing waits. What differs is an issue at the line of the step that found it, with the events
/// that were expected and those that were found. Every event on the way is encoded as the log would keep it, and has to
/// come back: equal to what it was, if the events are `Equatable`.
public struct Given<A: Aggregate> {
    /// What has happened, in order.
    public let events: [A.Event]
    /// The aggregate that all of it made.
    public private(set) var state = A()

    /// An aggregate to which these events have happened, none included.
    public init(_ events: [A.Event] = [], sourceLocation: SourceLocation = #_sourceLocation) {
        self.init(after: [], events, sourceLocation)
    }

    fileprivate init(after past: [A.Event], _ events: [A.Event], _ sourceLocation: SourceLocation) {
        self.events = past + events
        for event in self.events { state.apply(event) }
        recordLosses(among: events, of: A.self, at: sourceLocation)
    }

    /// Lets the aggregate decide on a command: twice, because the same state must decide the same.
    public func when(_ command: A.Command, sourceLocation: SourceLocation = #_sourceLocation) -> Decided<A> {
        let decision = Decision(of: state, on: command)
        let again = Decision(of: state, on: command)
        if !decision.isSame(as: again) {
            record(
                """
                \(A.self) decides differently on the same command in the same state
                first:
                \(decision.indented)
                then:
                \(again.indented)
                """, at: sourceLocation)
        }
        return Decided(past: events, decision: decision)
    }
}

/// What a command came to, to be compared with what was expected.
public struct Decided<A: Aggregate> {
    let past: [A.Event]
    let decision: Decision<A>

    /// Expects just these events, in this order; goes on as if they had happened.
    ///
    /// Events are the same if they are equal, or, where their type is not `Equatable`, if the log would keep the same.
    @discardableResult
    public func then(_ expected: [A.Event], sourceLocation: SourceLocation = #_sourceLocation) -> Given<A> {
        expect(.events(expected), at: sourceLocation)
        return Given(after: past, expected, sourceLocation)
    }

    /// Expects that the command causes no event and is not rejected.
    @discardableResult
    public func thenNothing(sourceLocation: SourceLocation = #_sourceLocation) -> Given<A> {
        then([], sourceLocation: sourceLocation)
    }

    /// Expects just this rejection; goes on as before the command.
    @discardableResult
    public func thenRejected(
        _ expected: A.Rejection, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Given<A> where A.Rejection: Equatable {
        expect(.rejected(expected), at: sourceLocation)
        return Given(after: past, [], sourceLocation)
    }

    private func expect(_ expected: Decision<A>, at sourceLocation: SourceLocation) {
        guard !decision.isSame(as: expected) else { return }
        record(
            """
            expected of \(A.self):
            \(expected.indented)
            found:
            \(decision.indented)
            """, at: sourceLocation)
    }
}

/// Records every event that does not come back from the log as it was.
private func recordLosses<A: Aggregate>(among events: [A.Event], of _: A.Type, at sourceLocation: SourceLocation) {
    for event in events {
        do {
            let stored = try StoredForm<A>(of: event)
            let back = try stored.event()
            // Printed, a time is the same without what is finer than the log keeps.
            guard !isSame(event, back, of: A.self), "\(event)" != "\(back)" else { continue }
            record(
                """
                the log would not give the event back as it was
                expected: \(event)
                found:    \(back)
                """, at: sourceLocation)
        } catch {
            record("the log cannot keep the event \(event): \(error)", at: sourceLocation)
        }
    }
}

func record(_ text: String, at sourceLocation: SourceLocation) {
    Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
}
#endif
