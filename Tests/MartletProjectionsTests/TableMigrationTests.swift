import Martlet
import MartletTesting
import Testing

/// The table of ``Notes``, as somebody changed it.
struct WiderNote: TableRow {
    var name: String
    var text: String
    var length: Int
    var key: String { name }

    static let table = Table<WiderNote>(
        "notes", key: Column("name", \.name), columns: Column("text", \.text), Column("length", \.length),
        make: Self.init)
}

struct WiderNotes<Version: VersionNumber>: TableProjection {
    static var name: String { "notes" }
    static var version: Int { Version.number }

    func key(of recorded: Recorded<Note>) -> String? { nil }
    func apply(_ recorded: Recorded<Note>, to row: inout WiderNote?) {}
}

protocol VersionNumber: Sendable { static var number: Int { get } }
enum One: VersionNumber { static let number = 1 }
enum Two: VersionNumber { static let number = 2 }

@Suite(.tags(.database)) struct TableMigrationTests {
    @Test func `to migrate again, and in two processes at once, changes nothing`() async throws {
        try await ThrowawayDatabase.with { database in
            let applications = (0..<4).map { number in
                Application(postgres: database.configuration, connections: 2) {
                    if number < 3 { Notes() }
                    Sums()
                }
            }
            let pending = try await applications[0].pendingTables()
            #expect(pending == ["notes", "sums"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for application in applications { group.addTask { _ = try await application.migrate() } }
                try await group.waitForAll()
            }
            try await applications[0].migrate()
            #expect(try await applications[0].pendingTables().isEmpty)
            let builds = try await applications[0].pool.query(
                "SELECT projection FROM martlet.projection_builds ORDER BY projection")
            let names: [String] = try builds.map { row in try row.decode(String.self) }
            #expect(names == ["notes", "sums"])
        }
    }

    @Test func `a table declared otherwise under the same version is refused, and told beforehand`() async throws {
        try await ThrowawayDatabase.withApplication {
            Notes()
        } _: { application in
            let changed = Application(postgres: application.pool.configuration) { WiderNotes<One>() }
            let refusal = ProjectionError.declaredOtherwise(projection: "notes", version: 1)
            await #expect(throws: refusal) { try await changed.migrate() }
            await #expect(throws: refusal) { try await changed.pendingTables() }
            let raised = Application(postgres: application.pool.configuration) { WiderNotes<Two>() }
            try await raised.migrate()
            let status = try await raised.projection(named: "notes").status()
            #expect(status.state == .awaitingRebuild(live: 1, declared: 2))
        }
    }
}
