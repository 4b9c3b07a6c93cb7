import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

struct GivenTests {
    /// The one issue that `body` records: its text, and the line that it points to.
    private func issue(in body: () -> Void) -> (text: String, line: Int?) {
        let found = Mutex<[(text: String, line: Int?)]>([])
        withKnownIssue {
            body()
        } matching: { issue in
            found.withLock { $0.append((issue.comments.map(\.rawValue).joined(), issue.sourceLocation?.line)) }
            return true
        }
        let issues = found.withLock { $0 }
        #expect(issues.count == 1)
        return issues.first ?? ("", nil)
    }

    @Test func `a story that comes to what was expected passes, step by step`() {
        let jar = Given<Jar>()
            .when(.take(count: 1)).thenRejected(.tooFew(missing: 1))
            .when(.fill(count: 3)).then([.filled(count: 3)])
            .when(.take(count: 2)).then([.taken(count: 1), .taken(count: 1)])
            .when(.lookAway).thenNothing()
        #expect(jar.state.count == 1)
        #expect(jar.events == [.filled(count: 3), .taken(count: 1), .taken(count: 1)])
    }

    @Test func `other events are an issue at the caller's line that shows both`() {
        let line = #line + 2
        let issue = issue {
            Given<Jar>([.filled(count: 3)]).when(.take(count: 2)).then([.taken(count: 2)])
        }
        #expect(
            issue.text == """
                expected of Jar:
                  taken(count: 2)
                found:
                  taken(count: 1)
                  taken(count: 1)
                """)
        #expect(issue.line == line)
    }

    @Test func `a rejection in place of events is an issue`() {
        let issue = issue { Given<Jar>().when(.take(count: 2)).thenNothing() }
        #expect(issue.text == "expected of Jar:\n  no event\nfound:\n  the rejection tooFew(missing: 2)")
    }

    @Test func `events in place of a rejection are an issue`() {
        let issue = issue { Given<Jar>().when(.fill(count: 2)).thenRejected(.tooFew(missing: 2)) }
        #expect(issue.text == "expected of Jar:\n  the rejection tooFew(missing: 2)\nfound:\n  filled(count: 2)")
    }

    @Test func `another rejection is an issue`() {
        let issue = issue { Given<Jar>().when(.take(count: 2)).thenRejected(.tooFew(missing: 1)) }
        #expect(issue.text.hasSuffix("found:\n  the rejection tooFew(missing: 2)"))
    }

    @Test func `the same events in another order are an issue`() {
        let issue = issue { Given<Paper>().when([.written("a"), .torn]).then([.torn, .written("a")]) }
        #expect(issue.text.hasPrefix("expected of Paper:\n  torn\n  written(\"a\")"))
    }

    @Test func `events without an equality of their own are the same if they are stored alike`() {
        Given<Paper>().when([.written("a"), .torn]).then([.written("a"), .torn])
        let names = (0..<50).map { "name \($0)" }
        func signed(_ names: [String]) -> Paper.Event {
            .signed(names.reduce(into: [:]) { $0[$1] = $1.utf8.count })
        }
        Given<Paper>().when([signed(names)]).then([signed(names.reversed())])
        let issue = issue { Given<Paper>().when([.written("a")]).then([.written("b")]) }
        #expect(issue.text.contains("\"b\""))
    }

    @Test func `a decision by chance is an issue`() {
        let issue = issue { _ = Given<Die>().when(.roll) }
        #expect(
            issue.text.hasPrefix("Die decides differently on the same command in the same state\nfirst:\n  rolled("))
    }

    @Test func `an event that loses something in the log is an issue, given or expected`() {
        let event = Letter.Event.sealed(Seal(wax: "red", scratches: 3))
        for issue in [issue { _ = Given<Letter>([event]) }, issue { Given<Letter>().when(event).then([event]) }] {
            #expect(
                issue.text == """
                    the log would not give the event back as it was
                    expected: \(event)
                    found:    \(Letter.Event.sealed(Seal(wax: "red")))
                    """)
        }
    }

    @Test func `an event that the log cannot keep is an issue`() {
        let issue = issue { _ = Given<Paper>([.weighed(grams: .nan)]) }
        #expect(issue.text.hasPrefix("the log cannot keep the event weighed(grams: nan): "))
    }

    @Test func `a time finer than a microsecond is no loss`() {
        _ = Given<Letter>([.dated(Date(timeIntervalSince1970: 1_790_000_000.123_456_7))])
    }
}

/// Sheets of which anything can be said; its events have no equality.
private struct Paper: Aggregate {
    static let category = "paper"

    enum Event: EventPayload {
        case written(String)
        case torn
        case signed([String: Int])
        case weighed(grams: Double)
    }

    func decide(_ command: [Event]) -> [Event] { command }
    mutating func apply(_ event: Event) {}
}

private struct Letter: Aggregate {
    static let category = "letter"

    enum Event: EventPayload, Equatable {
        case sealed(Seal)
        case dated(Date)
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// Forgets its scratches when it is coded.
private struct Seal: Codable, Equatable {
    var wax: String
    var scratches = 0
    enum CodingKeys: String, CodingKey { case wax }
}

private struct Die: Aggregate {
    static let category = "die"

    enum Command { case roll }
    enum Event: EventPayload, Equatable { case rolled(UInt64) }

    func decide(_ command: Command) -> [Event] { [.rolled(.random(in: 0...(.max)))] }
    mutating func apply(_ event: Event) {}
}
