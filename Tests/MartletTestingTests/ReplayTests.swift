import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

private let cookieTable = ReadModelTable(
    "cookies", "CREATE TABLE cookies (jar text PRIMARY KEY, count bigint NOT NULL, note text NOT NULL DEFAULT '')")

/// Adds up as it should.
private struct Cookies: Projection {
    static let name = "cookies"
    static let partitions = 3
    static let tables = [cookieTable]

    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        transaction.enqueue(adding(recorded, to: recorded.stream.key))
    }
}

private func adding(_ recorded: Recorded<Jar>, _ note: String = "", to jar: String) -> SQL {
    let change =
        switch recorded.event {
        case .filled(let count): count
        case .taken(let count): -count
        }
    return """
        INSERT INTO cookies AS known (jar, count, note) VALUES (\(jar), \(change), \(note))
        ON CONFLICT (jar) DO UPDATE SET count = known.count + EXCLUDED.count, note = EXCLUDED.note
        """
}

/// Counts in itself instead of in the table.
private final class Remembering: Projection {
    static let name = "cookies"
    static let tables = [cookieTable]
    private let seen = Mutex(0)

    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        let number = seen.withLock { seen in
            seen += 1
            return seen
        }
        transaction.enqueue(adding(recorded, "event \(number)", to: recorded.stream.key))
    }
}

private struct AskingTheClock: Projection {
    static let name = "cookies"
    static let tables = [cookieTable]

    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        try await transaction.execute(adding(recorded, to: recorded.stream.key))
        try await transaction.execute("UPDATE cookies SET note = clock_timestamp()::text")
    }
}

private struct Rolling: Projection {
    static let name = "cookies"
    static let tables = [cookieTable]

    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        transaction.enqueue(adding(recorded, "\(UInt64.random(in: 0...(.max)))", to: recorded.stream.key))
    }
}

/// Writes through a connection of its own, which no roll-back of the transaction undoes.
private struct WritingElsewhere: Projection {
    static let name = "cookies"
    static let tables = [
        cookieTable, ReadModelTable("crumbs", "CREATE TABLE crumbs (event uuid NOT NULL)"),
    ]

    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        let database = try await transaction.query("SELECT current_database()::text")[0].decode(String.self)
        try await transaction.execute(adding(recorded, to: recorded.stream.key))
        let connection = try await Connection.open(.environment.database(database))
        try await connection.execute("INSERT INTO read_models.crumbs VALUES (\(recorded.id))")
    }
}

/// Numbers what it writes by a sequence.
private struct Numbering: Projection {
    static let name = "cookies"
    static let tables = [
        cookieTable, ReadModelTable("numbered", "CREATE TABLE numbered (id bigserial, jar text NOT NULL)"),
    ]

    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        transaction.enqueue("INSERT INTO numbered (jar) VALUES (\(recorded.stream.key))")
    }
}

private struct Undeclared: Projection {
    static let name = "cookies"
    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {}
}

private struct Failing: Projection {
    static let name = "cookies"
    static let tables = [cookieTable]
    func project(_ recorded: Recorded<Jar>, in transaction: Transaction) async throws {
        if recorded.position == 3 { transaction.enqueue("SELECT 1 / 0") }
    }
}

@Suite(.tags(.database)) struct ReplayTests {
    private let blue = Jar.ID("blue")
    private let red = Jar.ID("red")
    private var events: [Happened] {
        [.on(blue, .filled(count: 3)), .on(red, .filled(count: 5)), .on(blue, .taken(count: 1), .taken(count: 1))]
    }

    private func story<P: Projection>(_ projection: P) -> GivenEvents<P> {
        GivenEvents(for: projection, events[0], events[1], events[2])
    }

    @Test func `a sound projection comes to the same rows however its events come`() async throws {
        try await story(Cookies())
            .then("SELECT jar, count FROM cookies ORDER BY jar", [("blue", 1), ("red", 5)])
            .checkReplay()
    }

    @Test func `other rows of a query are an issue at the caller's line`() async throws {
        let line = #line + 2
        let found = try await issues {
            try await story(Cookies()).then("SELECT jar FROM cookies ORDER BY jar", ["blue"])
        }
        #expect(found.map(\.line) == [line])
        #expect(found.map(\.text) == ["expected of Cookies:\n  blue\nfound:\n  blue\n  red"])
    }

    @Test func `a state beside the tables is found out, with the row and the batches`() async throws {
        let line = #line + 1
        let found = try await issues { try await story(Remembering()).checkReplay() }
        #expect(found.map(\.line) == [line])
        #expect(
            found.map(\.text) == [
                """
                Remembering: expected the same rows however the events come, found others in table "cookies"
                all events in one batch:
                  (blue,1,"event 4")
                one event after the other:
                  (blue,1,"event 8")
                """
            ])
    }

    @Test func `a clock and a die are found out`() async throws {
        for found in [
            try await issues { try await story(AskingTheClock()).checkReplay() },
            try await issues { try await story(Rolling()).checkReplay() },
        ] {
            #expect(found.count == 1)
            #expect(found.first?.text.contains("expected the same rows however the events come") == true)
        }
    }

    @Test func `what is written outside the transaction is found out where it was rolled back`() async throws {
        let found = try await issues { try await story(WritingElsewhere()).checkReplay() }
        #expect(found.count == 1)
        #expect(found.first?.text.contains("in table \"crumbs\"") == true)
        #expect(found.first?.text.contains("events 1 to 1 rolled back and projected again, then the rest:") == true)
    }

    @Test func `a sequence is found out, which goes on when its transaction is rolled back`() async throws {
        let found = try await issues { try await story(Numbering()).checkReplay() }
        #expect(found.count == 1)
        #expect(found.first?.text.contains("in table \"numbered\"") == true)
    }

    @Test func `a projection without tables of its own, or one that fails, is an issue`() async throws {
        let undeclared = try await issues { try await story(Undeclared()).checkReplay() }
        #expect(
            undeclared.map(\.text) == [
                "Undeclared: expected a projection that declares its tables, found Undeclared, which does not"
            ])
        let failing = try await issues { try await story(Failing()).checkReplay() }
        #expect(
            failing.map(\.text) == [
                "Failing: all events in one batch: PostgreSQL error 22012: division by zero, statement: SELECT 1 / 0"
            ])
    }
}
