import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

struct Parcel: Aggregate {
    static let category = "parcel"
    enum Event: EventPayload {
        case moved(to: String)
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// What a handler meets: places at which it fails, until that is mended.
final class Trouble: Sendable {
    struct Broken: Error, CustomStringConvertible {
        let place: String

        var description: String { "broken at \"\(place)\"\0" }
    }

    private let places: Mutex<[String: any Error]> = Mutex([:])
    private let calls = Mutex(0)

    var tries: Int { calls.withLock(\.self) }

    func begin(at place: String) { begin(at: place, Broken(place: place)) }

    func begin(at place: String, _ error: any Error) { places.withLock { $0[place] = error } }

    func end() { places.withLock { $0 = [:] } }

    func meet(_ place: String) throws {
        calls.withLock { $0 += 1 }
        if let error = places.withLock({ $0[place] }) { throw error }
    }
}

/// Writes down every move in the order in which it takes effect; one that does so twice shows.
struct Moves: Projection {
    static let name = "moves"
    static let partitions = 2
    static let onFailure = FailurePolicy.park(after: 2)
    static let tables = [
        ReadModelTable(
            "moves",
            """
            CREATE TABLE moves (
                n bigint GENERATED ALWAYS AS IDENTITY, position bigint NOT NULL, version bigint NOT NULL,
                parcel text NOT NULL, place text NOT NULL)
            """)
    ]
    let trouble: Trouble

    func project(_ recorded: Recorded<Parcel>, in transaction: Transaction) async throws {
        guard case .moved(let place) = recorded.event else { return }
        try trouble.meet(place)
        transaction.enqueue(
            """
            INSERT INTO moves (position, version, parcel, place) VALUES (\(recorded.position.rawValue),
                \(recorded.version.rawValue), \(recorded.stream.key), \(place))
            """)
    }
}

/// Stops where it cannot go on.
struct Arrivals: Projection {
    static let name = "arrivals"
    static let onFailure = FailurePolicy.stop(after: 2)
    static let tables = [ReadModelTable("arrivals", "CREATE TABLE arrivals (place text NOT NULL)")]
    let trouble: Trouble

    func project(_ recorded: Recorded<Parcel>, in transaction: Transaction) async throws {
        guard case .moved(let place) = recorded.event else { return }
        try trouble.meet(place)
        try await transaction.execute("INSERT INTO arrivals VALUES (\(place))")
    }
}

/// A row for each place, whatever parcel came there.
struct Place: TableRow {
    var name: String
    var parcels: String

    var key: String { name }

    static let table = Table<Place>(
        "places", key: Column("name", \.name), columns: Column("parcels", \.parcels), make: Place.init)
}

struct Places: TableProjection {
    static let name = "places"
    static let onFailure = FailurePolicy.park(after: 2)
    let trouble: Trouble

    func key(of recorded: Recorded<Parcel>) -> String? {
        if case .moved(let place) = recorded.event { place } else { nil }
    }

    func apply(_ recorded: Recorded<Parcel>, to row: inout Place?) throws {
        guard case .moved(let place) = recorded.event else { return }
        try trouble.meet("\(recorded.stream.key) at \(place)")
        row = Place(name: place, parcels: (row?.parcels ?? "") + recorded.stream.key)
    }
}

/// An application for one test, the trouble that its handlers meet, and what it told of incidents.
struct Depot: Sendable {
    let application: Application
    let trouble: Trouble
    let incidents: Incidents

    final class Incidents: Sendable {
        private let told: Mutex<[ProjectionIncident]> = Mutex([])

        var all: [ProjectionIncident] { told.withLock(\.self) }

        func append(_ incident: ProjectionIncident) { told.withLock { $0.append(incident) } }
    }

    static func open(
        @ApplicationBuilder _ parts: @Sendable (Trouble) -> [ApplicationPart], _ body: (Depot) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let (trouble, incidents) = (Trouble(), Incidents())
            let wired: () -> [ApplicationPart] = { parts(trouble) }
            let application = Application(
                postgres: database.configuration, connections: 8, lease: .seconds(1),
                incidents: IncidentReport { incidents.append($0) }, parts: wired)
            try await application.migrate()
            try await body(Depot(application: application, trouble: trouble, incidents: incidents))
        }
    }

    /// Runs the projections while `body` does, and not longer.
    func running(_ body: () async throws -> Void) async throws {
        let run = Task { try await application.run() }
        defer { run.cancel() }
        try await body()
        run.cancel()
        _ = await run.result
    }

    @discardableResult
    func move(_ parcel: String, to place: String) async throws -> Receipt {
        try await application.execute(.moved(to: place), on: Parcel.ID(parcel))
    }

    /// An event of a known category that no build can read.
    func plant(in parcel: String) async throws {
        try await application.pool.execute(
            """
            INSERT INTO martlet.events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT count(*) + 1, count(*) FILTER (WHERE stream_id = \("parcel-\(parcel)")) + 1, clock_timestamp(),
                gen_random_uuid(), 1, \("parcel-\(parcel)"), 'parcel.moved', '{"where":1}', '{}'
            FROM martlet.events
            """)
    }

    /// Waits until the projections have seen the whole log.
    func catchUp() async throws {
        let head = try await application.store.head()
        try #require(try await application.caughtUp(to: head, within: .seconds(60)))
    }

    func wait(until isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !isSo() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func stopped(_ handle: ProjectionHandle) async throws -> String {
        try await wait { if case .stopped = try await handle.status().state { true } else { false } }
        return try await handle.status().state.reason ?? ""
    }

    /// The places of a parcel in the order in which they took effect.
    func places(of parcel: String) async throws -> [String] {
        try await application.pool.query("SELECT place FROM read_models.moves WHERE parcel = \(parcel) ORDER BY n")
            .map { row in try row.decode(String.self) }
    }

    func parcels(at place: String) async throws -> String? {
        try await application.pool.query("SELECT parcels FROM read_models.places WHERE name = \(place)").first
            .map { row in try row.decode(String.self) }
    }
}

/// What an encoded value says, as a JSON reader elsewhere sees it.
func readBack(_ value: some Encodable) throws -> [String: Any]? {
    try JSONSerialization.jsonObject(with: try JSONEncoder().encode(value)) as? [String: Any]
}
