#if canImport(Testing)
public import Martlet
import MartletEventStore
public import Testing

/// Events that a projection has seen, for tests that say what read model they come to.
///
/// ```swift
/// @Test func `a balance is what came in less what went out`() {
///     GivenEvents(for: Balances(), .on(ada, .received(cents: 5_00)))
///         .when(.on(ada, .sent(cents: 2_00, to: "bob")))
///         .then([Balance(account: "ada", cents: 3_00)])
/// }
/// ```
/// A ``TableProjection`` is tested without a database, its rows as Swift values. Any projection is tested on a
/// throw-away one by the rows of a query, and by ``checkReplay(sourceLocation:)``. What differs is an issue at the line
/// of the step that found it.
///
/// The events' recorded times and ids are the same in every run. Aggregates' own events are not asked of their
/// aggregates: any may have happened.
public struct GivenEvents<Model: ReadModel>: Sendable {
    let projection: Model
    let part: ApplicationPart
    private(set) var log = StoryLog()

    /// A projection that has seen these events, in this order.
    public init(for projection: Model, _ events: Happened..., sourceLocation: SourceLocation = #_sourceLocation)
    where Model: Projection {
        (self.projection, part) = (projection, ApplicationPart(projection))
        append(events, sourceLocation)
    }

    /// A projection that has seen these events, in this order.
    public init(for projection: Model, _ events: Happened..., sourceLocation: SourceLocation = #_sourceLocation)
    where Model: TableProjection {
        (self.projection, part) = (projection, ApplicationPart(projection))
        append(events, sourceLocation)
    }

    /// More events happen.
    public func when(_ events: Happened..., sourceLocation: SourceLocation = #_sourceLocation) -> GivenEvents {
        var later = self
        later.append(events, sourceLocation)
        return later
    }

    private mutating func append(_ events: [Happened], _ sourceLocation: SourceLocation) {
        for event in events {
            do { try event.store(&log) } catch {
                record("the log cannot keep the event: \(error)", at: sourceLocation)
            }
        }
    }
}

extension GivenEvents where Model: TableProjection {
    /// Expects just these rows, in any order.
    ///
    /// Each event is applied twice, because the same event must do the same to the same row.
    @discardableResult
    public func then(_ expected: [Model.Row], sourceLocation: SourceLocation = #_sourceLocation) -> GivenEvents {
        do {
            let found = try rows(sourceLocation)
            let isSame = found.count == expected.count && expected.allSatisfy(found.contains)
            if !isSame { recordDifference(expected.map { "\($0)" }, found.map { "\($0)" }, at: sourceLocation) }
        } catch {
            record("\(Model.self) cannot project the events: \(error)", at: sourceLocation)
        }
        return self
    }

    /// Expects that the events cannot be projected.
    public func thenFails(sourceLocation: SourceLocation = #_sourceLocation) {
        do {
            let found = try rows(sourceLocation).map { "\($0)" }
            record("expected of \(Model.self):\n  an error\nfound:\n\(found.indented)", at: sourceLocation)
        } catch {}
    }

    private func rows(_ sourceLocation: SourceLocation) throws -> [Model.Row] {
        let store = EventStore.inMemory()
        var rows = TableRows<Model.Row>()
        var streams: [Model.Row.Key: StreamName] = [:]
        for stored in log.events {
            guard let input = try store.decode(stored, as: Model.Input.self), let key = projection.key(of: input) else {
                continue
            }
            let first = streams[key, default: stored.stream]
            streams[key] = first
            if Model.isKeyedByStream, first != stored.stream {
                record(
                    "\(Model.self) is keyed by stream, but has a row of events in two: \(first) and \(stored.stream)",
                    at: sourceLocation)
            }
            var again = rows[key]
            try projection.fold(input, into: &rows[key], at: key)
            try projection.fold(input, into: &again, at: key)
            guard rows[key] != again else { continue }
            record(
                """
                \(Model.self) makes different rows of the same event and the same row
                first: \(rows[key].shown)
                then:  \(again.shown)
                """, at: sourceLocation)
        }
        return Array(rows.all)
    }
}

extension GivenEvents {
    func recordDifference(_ expected: [String], _ found: [String], at sourceLocation: SourceLocation) {
        record(
            "expected of \(Model.self):\n\(expected.indented)\nfound:\n\(found.indented)", at: sourceLocation)
    }
}

extension [String] {
    /// One line for each row.
    fileprivate var indented: String { isEmpty ? "  no row" : map { "  \($0)" }.joined(separator: "\n") }
}

extension Optional {
    fileprivate var shown: String { map { "\($0)" } ?? "no row" }
}
#endif
