import Foundation
import Martlet
import MartletTesting
import Testing

/// What was written to it, keyed by values of many types.
struct Shelf: Aggregate {
    static let category = "shelf"
    enum Event: EventPayload {
        case put(Item)
        case taken(Item)
    }
    struct Item: Codable, Sendable {
        var colour = "r"
        var day: Day
        var id: UUID
        var at: Date
        var number = 1
        var label: String?
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

struct ShelfKey: TableKey {
    let colour: Colour
    let day: Day
    let id: UUID

    static let parts = KeyParts(\Self.colour, \.day, \.id)
}

struct ShelfRow: TableRow {
    let colour: Colour
    let day: Day
    let id: UUID
    var at: Date
    var count: Int
    var label: String?
    var bytes: Data
    var json: JSON

    var key: ShelfKey { ShelfKey(colour: colour, day: day, id: id) }

    static let table = Table<ShelfRow>(
        "shelf_rows", key: Column("colour", \.colour), Column("day", \.day), Column("id", \.id),
        columns: Column("at", \.at), Column("count", \.count, comment: "how many"), Column("label", \.label),
        Column("bytes", \.bytes), Column("json", \.json),
        indexes: [.index(on: "day", "colour"), .unique(on: "label")], comment: "the shelf's", make: ShelfRow.init)
}

struct ShelfRows: TableProjection {
    static let name = "shelf_rows"

    func key(of recorded: Recorded<Shelf>) -> ShelfKey? {
        switch recorded.event {
        case .put(let item), .taken(let item):
            Colour(rawValue: item.colour).map { ShelfKey(colour: $0, day: item.day, id: item.id) }
        }
    }

    func apply(_ recorded: Recorded<Shelf>, to row: inout ShelfRow?) {
        guard case .put(let item) = recorded.event, let colour = Colour(rawValue: item.colour) else {
            row = nil
            return
        }
        row = ShelfRow(
            colour: colour, day: item.day, id: item.id, at: item.at, count: (row?.count ?? 0) + item.number,
            label: item.label, bytes: Data([0, 255, 39]), json: JSON(bytes: Array("{\"a\":\"\\\"\"}".utf8)))
    }
}

struct StampedRow: TableRow {
    let at: Date
    var count: Int
    var key: Date { at }

    static let table = Table<StampedRow>(
        "stamped", key: Column("at", \.at), columns: Column("count", \.count), make: Self.init)
}

struct Stamped: TableProjection {
    static let name = "stamped"
    func key(of recorded: Recorded<Shelf>) -> Date? {
        guard case .put(let item) = recorded.event else { return nil }
        return item.at
    }
    func apply(_ recorded: Recorded<Shelf>, to row: inout StampedRow?) {
        guard case .put(let item) = recorded.event else { return }
        row = StampedRow(at: item.at, count: (row?.count ?? 0) + 1)
    }
}

@Suite(.tags(.database)) struct TableKeyTests {
    private let shelf = Shelf.ID("a")

    private func item(_ number: UInt8, colour: String = "r", label: String? = nil) throws -> Shelf.Item {
        let day = try #require(Day(year: 2026, month: 10, day: Int(number % 28) + 1))
        let id = UUID(uuid: (number, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number))
        return Shelf.Item(
            colour: colour, day: day, id: id, at: Date(timeIntervalSince1970: 1_790_000_000.123_456), label: label)
    }

    @Test func `keys of an enum, a day and a UUID find their rows again, whatever the batches`() async throws {
        let (one, two) = (try item(1), try item(2, colour: "g", label: "two"))
        let story = GivenEvents(
            for: ShelfRows(), .on(shelf, .put(one), .put(two), .put(one), .taken(two), .put(two), .put(one)))
        try await story.then(
            "SELECT colour, day, id, at, count, label, bytes, json::text FROM shelf_rows ORDER BY colour",
            [
                ("g", two.day, two.id, two.at, 1, "two", Data([0, 255, 39]), "{\"a\":\"\\\"\"}"),
                ("r", one.day, one.id, one.at, 3, nil as String?, Data([0, 255, 39]), "{\"a\":\"\\\"\"}"),
            ])
        try await story.checkReplay()
    }

    @Test func `a time is a key to the microsecond`() async throws {
        var (fine, finer) = (try item(1), try item(1))
        fine.at = Date(timeIntervalSince1970: 1_790_000_000.123_456)
        finer.at = Date(timeIntervalSince1970: 1_790_000_000.123_457)
        try await GivenEvents(for: Stamped(), .on(shelf, .put(fine), .put(finer), .put(fine)))
            .then("SELECT at, count FROM stamped ORDER BY at", [(fine.at, 2), (finer.at, 1)])
            .checkReplay()
    }

    @Test func `the table is what was declared`() async throws {
        try await ThrowawayDatabase.withApplication {
            ShelfRows()
        } _: { application in
            let columns = try await application.pool.query(
                """
                SELECT attname || ' ' || format_type(atttypid, atttypmod)
                    || CASE WHEN attnotnull THEN '' ELSE ' NULL' END
                    || coalesce(' "' || col_description(attrelid, attnum) || '"', '')
                    || CASE WHEN attcollation = '"C"'::regcollation THEN ' C' ELSE '' END
                FROM pg_attribute WHERE attrelid = 'read_models.shelf_rows'::regclass AND attnum > 0 ORDER BY attnum
                """
            ).map { row in try row.decode(String.self) }
            #expect(
                columns == [
                    "colour text C", "day date", "id uuid", "at timestamp with time zone", "count bigint \"how many\"",
                    "label text NULL", "bytes bytea", "json json",
                ])
            let indexes = try await application.pool.query(
                """
                SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'read_models.shelf_rows'::regclass
                ORDER BY indexrelid::regclass::text COLLATE "C"
                """
            ).map { row in try row.decode(String.self) }
            #expect(
                indexes == [
                    "read_models.shelf_rows_day_colour_idx", "read_models.shelf_rows_label_key",
                    "read_models.shelf_rows_pkey",
                ])
        }
    }

    @Test func `rows exchange a unique value, and take that of one that goes`() async throws {
        let (one, two) = (try item(1, label: "x"), try item(2, label: "y"))
        var (first, second, third) = (one, two, try item(3))
        (first.label, second.label) = ("y", "x")
        try await ThrowawayDatabase.withApplication {
            ShelfRows()
        } _: { application in
            let running = Task { try await application.run() }
            defer { running.cancel() }
            for events: [Shelf.Event] in [[.put(one), .put(two)], [.put(first), .put(second)]] {
                try await projectAtOnce(events, application)
            }
            #expect(try await labels(application) == ["1y", "2x"])
            // Whatever order the statements are in, the label is free when the row has gone.
            third.label = "y"
            try await projectAtOnce([.taken(first), .put(third)], application)
            #expect(try await labels(application) == ["2x", "3y"])
        }
    }

    /// Lets one batch have them all: one by one, rows could not exchange what is unique.
    private func projectAtOnce(_ events: [Shelf.Event], _ application: Application) async throws {
        let last = try await application.store.append(events, to: shelf, expecting: .any)
        let rows = application.projection(ShelfRows.self)
        #expect(try await rows.caughtUp(to: last, within: .seconds(30)))
        #expect(try await rows.status().parkedKeys == 0)
    }

    private func labels(_ application: Application) async throws -> [String] {
        let rows = try await application.pool.query(
            "SELECT get_byte(uuid_send(id), 0)::text || label FROM read_models.shelf_rows ORDER BY id")
        return try rows.map { row in try row.decode(String.self) }
    }
}
