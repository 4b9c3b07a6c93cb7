import Foundation
import Martlet
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

/// The databases on which processes are started and killed: one of events, one of the log unless it is the same, and one
/// of effects.
struct Ground: Sendable {
    let database: ThrowawayDatabase
    /// Nil where the events' database has it.
    let otherLog: ThrowawayDatabase?
    let effects: ThrowawayDatabase
    /// Appends, and is never killed; it relays only when it is run.
    let application: Application
    let audit: MessageAudit

    /// How long a test goes on that says nothing else; `MARTLET_CHAOS_SECONDS` is for all of them.
    static let seconds = askedSeconds ?? 20
    static let askedSeconds = ProcessInfo.processInfo.environment["MARTLET_CHAOS_SECONDS"].flatMap(Int.init)
    private static let keys = 32

    static func with(_ place: Place, _ body: (Ground) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            try await ThrowawayDatabase.with { effects in
                switch place {
                case .own: try await make(database, nil, effects, body)
                case .other: try await ThrowawayDatabase.with { try await make(database, $0, effects, body) }
                }
            }
        }
    }

    private static func make(
        _ database: ThrowawayDatabase, _ other: ThrowawayDatabase?, _ effects: ThrowawayDatabase,
        _ body: (Ground) async throws -> Void
    ) async throws {
        let log = other.map { EmbeddedLog(postgres: $0.configuration) }
        try await log?.migrate()
        try await log?.create(Counts.topic)
        let application = Application(postgres: database.configuration, connections: 8, incidents: .init { _ in }) {
            if let log { Publishing(Counts(), to: log) } else { Publishing(Counts()) }
        }
        try await application.migrate()
        let audit = MessageAudit(
            events: application.pool,
            log: other.map { ConnectionPool($0.configuration, size: 2) } ?? application.pool,
            effects: ConnectionPool(effects.configuration, size: 2))
        try await Effects.makeTables(in: audit.effects)
        try await body(
            Ground(
                database: database, otherLog: other, effects: effects, application: application, audit: audit))
    }

    func relay() throws -> FixtureProcess { try start(["relay"] + (otherLog.map { [$0.name] } ?? []), on: database) }

    func consumer(_ more: String...) throws -> FixtureProcess {
        try start(["consume", effects.name] + more, on: otherLog ?? database)
    }

    func slowReader() throws -> FixtureProcess { try start(["read-slowly", effects.name], on: otherLog ?? database) }

    private func start(_ arguments: [String], on database: ThrowawayDatabase) throws -> FixtureProcess {
        try FixtureProcess(on: database, arguments, name: "messaging-fixture", executable: "messaging-fixture")
    }

    /// Makes the consumers' tables, and has their handlers where whoever asks is.
    func consumers() async throws -> Consumers {
        let log = otherLog.map { EmbeddedLog(postgres: $0.configuration) } ?? application.log
        let consumers = Consumers(of: log, postgres: effects.configuration, connections: 4) {
            Effects(failures: 0)
            Slowly()
        }
        try await consumers.migrate()
        return consumers
    }

    /// Counts for a while, every key in its order: some hundred events a second in bursts, so that relays are behind,
    /// level and idle by turns.
    func load(until end: ContinuousClock.Instant) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in 0..<Self.keys {
                group.addTask {
                    var number = 0
                    while end > .now {
                        for _ in 0..<Int.random(in: 1...8) {
                            number += 1
                            try await count(key, number)
                        }
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0..<800)))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// - Parameter text: what each message says; its beginning may have it fail, see ``Effects``.
    func count(_ key: Int, _ number: Int, text: String = "text") async throws {
        let id = Tally.ID("k\(key)")
        if (key + number).isMultiple(of: 7) { try await application.execute(.looked, on: id) }
        try await application.execute(
            .counted(number: number, copies: number.isMultiple(of: 5) ? 2 : 1, text: "\(text) \(UUID())"), on: id)
    }
}
