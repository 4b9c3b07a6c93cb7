import Foundation
import Martlet
import MartletTesting
import Testing

/// A row for each name that a counter was given by its stream's key, of the text that came last.
struct Note: Aggregate {
    static let category = "note"
    enum Event: EventPayload {
        case written(on: String, text: String)
        /// Makes the row one of another key.
        case moved(on: String, to: String)
        case torn(on: String)
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

struct NoteRow: TableRow {
    var name: String
    var text: String
    var key: String { name }

    static let table = Table<NoteRow>(
        "notes", key: Column("name", \.name), columns: Column("text", \.text), make: Self.init)
}

struct Notes: TableProjection {
    static let name = "notes"
    static let onFailure = FailurePolicy.park(after: 1)

    func key(of recorded: Recorded<Note>) -> String? {
        switch recorded.event {
        case .written(let name, _), .moved(let name, _), .torn(let name): name
        }
    }

    func apply(_ recorded: Recorded<Note>, to row: inout NoteRow?) {
        switch recorded.event {
        case .written(let name, let text): row = NoteRow(name: name, text: text)
        case .moved(_, let name): row?.name = name
        case .torn: row = nil
        }
    }
}

@Suite(.tags(.database)) struct TableWritingTests {
    /// Appends the events, and runs the projection until it has seen them all.
    private func project(
        _ events: [Note.Event], _ check: (Application, ProjectionStatus) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.withApplication {
            Notes()
        } _: { application in
            var last = GlobalPosition.start
            for chunk in stride(from: 0, to: events.count, by: 500) {
                last = try await application.store.append(
                    Array(events[chunk..<min(chunk + 500, events.count)]), to: Note.ID("a"), expecting: .any
                ).position
            }
            let running = Task { try await application.run() }
            defer { running.cancel() }
            let notes = application.projection(Notes.self)
            #expect(try await notes.caughtUp(to: last, within: .seconds(60)))
            try await check(application, try await notes.status())
        }
    }

    private func rows(_ application: Application) async throws -> [String] {
        let rows = try await application.pool.query(
            "SELECT name || '=' || text FROM read_models.notes ORDER BY name")
        return try rows.map { row in try row.decode(String.self) }
    }

    @Test func `an event that gives its row another key is parked, and the others go on`() async throws {
        try await project([
            .written(on: "a", text: "1"), .written(on: "b", text: "2"), .moved(on: "a", to: "c"),
            .written(on: "a", text: "3"), .written(on: "b", text: "4"),
        ]) { application, status in
            #expect(status.parkedKeys == 1)
            #expect(try await rows(application) == ["a=1", "b=4"])
            let problem = try await application.pool.query(
                "SELECT key, problem FROM martlet.dead_letters WHERE problem IS NOT NULL")[0]
            #expect(
                try problem.decode(String.self, String.self)
                    == ("a", "table \"notes\": expected a row of key \"a\", found one of \"c\""))
        }
    }

    @Test func `a text that PostgreSQL refuses is parked, in a column and in a key of any length`() async throws {
        let long = String(repeating: "k", count: 5000)
        try await project([
            .written(on: "a", text: "x\0y"), .written(on: "b\0", text: "1"), .written(on: long, text: "x\0"),
            .written(on: "c", text: "1"), .written(on: "a", text: "2"),
        ]) { application, status in
            #expect(status.state == .running)
            #expect(status.parkedKeys == 3)
            let found = try await rows(application)
            #expect(found == ["c=1"])
        }
    }

    @Test func `texts that differ in their bytes alone are different keys`() async throws {
        try await project([
            .written(on: "\u{E9}", text: "1"), .written(on: "e\u{301}", text: "2"), .written(on: "\u{E9}", text: "3"),
        ]) { application, _ in
            let found = Set(try await rows(application).map { Array($0.utf8) })
            #expect(found == [Array("\u{E9}=3".utf8), Array("e\u{301}=2".utf8)])
        }
    }

    @Test func `thousands of rows go in a batch, and rows that stay as they are are not written`() async throws {
        let names = (0..<4000).map { "n\($0)" }
        try await project(
            names.map { .written(on: $0, text: "1") } + names.prefix(100).map { .torn(on: $0) }
                + names.prefix(50).map { .written(on: $0, text: "2") }
        ) { application, _ in
            let counts = try await application.pool.query(
                "SELECT count(*), count(*) FILTER (WHERE text = '2') FROM read_models.notes")[0]
            #expect(try counts.decode(Int.self, Int.self) == (3950, 50))
            let before = try await places(application)
            let same = try await application.store.append(
                [.written(on: "n7", text: "2"), .written(on: "n99", text: "5")], to: Note.ID("b"), expecting: .any)
            #expect(try await application.projection(Notes.self).caughtUp(to: same.position, within: .seconds(30)))
            let after = try await places(application)
            #expect(after["n7"] == before["n7"])
            #expect(after.count == before.count + 1)
        }
    }

    /// Which version of each row is there.
    private func places(_ application: Application) async throws -> [String: String] {
        let rows = try await application.pool.query("SELECT name, ctid::text || xmin::text FROM read_models.notes")
        return Dictionary(uniqueKeysWithValues: try rows.map { row in try row.decode(String.self, String.self) })
    }

    @Test func `rows of many megabytes go in several statements`() async throws {
        let text = String(repeating: "m", count: 3 << 20)
        try await project((0..<12).map { .written(on: "n\($0)", text: text) }) { application, status in
            #expect(status.parkedKeys == 0)
            let lengths = try await application.pool.query("SELECT length(text) FROM read_models.notes")
            let found: [Int] = try lengths.map { row in try row.decode(Int.self) }
            #expect(found == Array(repeating: 3 << 20, count: 12))
        }
    }
}
