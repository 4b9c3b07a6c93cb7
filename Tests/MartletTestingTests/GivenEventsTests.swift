import Foundation
import Martlet
import MartletTesting
import Testing

/// How many cookies each jar holds; empty jars have no row.
private struct JarRow: TableRow {
    let jar: String
    var count: Int
    var key: String { jar }

    static let table = Table<JarRow>(
        "jars", key: Column("jar", \.jar), columns: Column("count", \.count), make: Self.init)
}

private struct Jars: TableProjection {
    static let name = "jars"
    struct BelowZero: Error {}

    func key(of input: Recorded<Jar>) -> String? { input.stream.key }

    func apply(_ input: Recorded<Jar>, to row: inout JarRow?) throws {
        var found = row ?? JarRow(jar: input.stream.key, count: 0)
        switch input.event {
        case .filled(let count): found.count += count
        case .taken(let count): found.count -= count
        }
        if found.count < 0 { throw BelowZero() }
        row = found.count == 0 ? nil : found
    }
}

/// Cookies and plates on one table, of the events of two aggregates.
private enum Kitchen: EventInput {
    case jar(Recorded<Jar>)
    case plate(Recorded<Plate>)

    static let sources: [EventSource<Self>] = [.events(Self.jar), .events(Self.plate)]
}

private struct Plate: Aggregate {
    static let category = "plate"
    enum Event: EventPayload { case served(from: String, at: Day) }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

private struct LastUse: TableRow, Equatable {
    let jar: String
    var position: Int64
    var at: Date
    var key: String { jar }

    static let table = Table<LastUse>(
        "last_use", key: Column("jar", \.jar), columns: Column("position", \.position), Column("at", \.at),
        make: Self.init)
}

private struct LastUses: TableProjection {
    static let name = "last_use"

    func key(of input: Kitchen) -> String? {
        switch input {
        case .jar(let recorded): recorded.stream.key
        case .plate(let recorded): if case .served(let jar, _) = recorded.event { jar } else { nil }
        }
    }

    func apply(_ input: Kitchen, to row: inout LastUse?) {
        switch input {
        case .jar(let recorded):
            row = LastUse(jar: recorded.stream.key, position: recorded.position.rawValue, at: recorded.recordedAt)
        case .plate(let recorded):
            row?.position = recorded.position.rawValue
            row?.at = recorded.recordedAt
        }
    }
}

private struct Dice: TableProjection {
    static let name = "jars"
    func key(of input: Recorded<Jar>) -> String? { input.stream.key }
    func apply(_ input: Recorded<Jar>, to row: inout JarRow?) {
        row = JarRow(jar: input.stream.key, count: .random(in: 0...(.max)))
    }
}

struct GivenEventsTests {
    private let blue = Jar.ID("blue")
    private let red = Jar.ID("red")

    @Test func `rows are folded without a database, step by step`() {
        GivenEvents(for: Jars(), .on(blue, .filled(count: 3), .taken(count: 1)), .on(red, .filled(count: 1)))
            .then([JarRow(jar: "red", count: 1), JarRow(jar: "blue", count: 2)])
            .when(.on(red, .taken(count: 1))).then([JarRow(jar: "blue", count: 2)])
            .when(.on(blue, .taken(count: 2))).then([])
            .when(.on(blue, .taken(count: 1))).thenFails()
    }

    @Test func `events of several aggregates have their places and times`() {
        let noon = Date(timeIntervalSince1970: 1_790_000_000)
        GivenEvents(for: LastUses(), .on(blue, .filled(count: 3)))
            .then([LastUse(jar: "blue", position: 1, at: Date(timeIntervalSince1970: 1_767_225_601))])
            .when(.on(Plate.ID("1"), .served(from: "blue", at: Day(year: 2026, month: 1, day: 1)!), at: noon))
            .then([LastUse(jar: "blue", position: 2, at: noon)])
            .when(.on(Plate.ID("1"), .served(from: "grey", at: Day(year: 2026, month: 1, day: 2)!)))
            .then([LastUse(jar: "blue", position: 2, at: noon)])
    }

    @Test func `other rows are an issue at the caller's line that shows both`() async throws {
        let line = #line + 2
        let issues = try await issues {
            GivenEvents(for: Jars(), .on(blue, .filled(count: 3))).then([JarRow(jar: "blue", count: 2)])
        }
        #expect(issues.map(\.line) == [line])
        #expect(
            issues.map(\.text) == [
                """
                expected of Jars:
                  JarRow(jar: "blue", count: 2)
                found:
                  JarRow(jar: "blue", count: 3)
                """
            ])
    }

    @Test func `an event that cannot be projected is an issue, unless it is expected`() async throws {
        let story = GivenEvents(for: Jars(), .on(blue, .taken(count: 3)))
        let found = try await issues { story.then([]) }
        #expect(found.map(\.text) == ["Jars cannot project the events: BelowZero()"])
        let others = try await issues { GivenEvents(for: Jars(), .on(blue, .filled(count: 3))).thenFails() }
        #expect(others.map(\.text) == ["expected of Jars:\n  an error\nfound:\n  JarRow(jar: \"blue\", count: 3)"])
    }

    @Test func `rows by chance are an issue`() async throws {
        let found = try await issues {
            GivenEvents(for: Dice(), .on(blue, .filled(count: 1))).then([JarRow(jar: "blue", count: 0)])
        }
        #expect(found.first?.text.hasPrefix("Dice makes different rows of the same event and the same row") == true)
    }

    @Test func `a row of two streams is an issue where each is to have its own`() async throws {
        let found = try await issues {
            GivenEvents(for: Muddled(), .on(blue, .filled(count: 1)), .on(red, .filled(count: 1)))
                .then([JarRow(jar: "all", count: 1)])
        }
        #expect(
            found.map(\.text) == [
                "Muddled is keyed by stream, but has a row of events in two: jar-blue and jar-red"
            ])
    }

    @Test func `a row of another key is an issue`() async throws {
        let found = try await issues { GivenEvents(for: Misplaced(), .on(blue, .filled(count: 1))).then([]) }
        #expect(
            found.map(\.text) == [
                "Misplaced cannot project the events: "
                    + "table \"jars\": expected a row of key \"blue\", found one of \"green\""
            ])
    }
}

/// All jars of one row, which is not what it says.
private struct Muddled: TableProjection {
    static let name = "jars"
    static let isKeyedByStream = true
    func key(of input: Recorded<Jar>) -> String? { "all" }
    func apply(_ input: Recorded<Jar>, to row: inout JarRow?) { row = JarRow(jar: "all", count: 1) }
}

private struct Misplaced: TableProjection {
    static let name = "jars"
    func key(of input: Recorded<Jar>) -> String? { input.stream.key }
    func apply(_ input: Recorded<Jar>, to row: inout JarRow?) { row = JarRow(jar: "green", count: 1) }
}
