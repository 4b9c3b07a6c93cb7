import Martlet
import MartletTesting
import Testing

/// Old, renamed and retired events in a store, on every path that reads them.
@Suite(.tags(.database)) struct EvolutionTests {
    private static let reserved = #"{"who":"Ada","from":"Oulu","to":"Turku"}"#
    private static let booked = #"{"client":"Grace","from":"Oulu","to":"Turku"}"#

    /// A reservation, a look, a booking of version 1, and a look at the end.
    private func plantTrip(_ application: Application) async throws {
        try await application.plant("trip.reserved", version: 1, Self.reserved, in: "trip-1")
        try await application.plant("trip.looked", version: 1, "{}", in: "trip-1")
        try await application.plant("trip.booked", version: 1, Self.booked, in: "trip-1")
        try await application.plant("trip.looked", version: 7, "null", in: "trip-1")
    }

    private func read(_ application: Application) async throws -> [Recorded<Trip>] {
        var found: [Recorded<Trip>] = []
        for try await recorded in application.store.read(Trip.ID("1")) { found.append(recorded) }
        return found
    }

    @Test func `reading a stream shows today's events at the places where the old ones stand`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await plantTrip(application)
            let found = try await read(application)
            #expect(found.map(\.version) == [1, 3])
            #expect(found.first?.event == Trip.adaToTurku)
        }
    }

    @Test func `an aggregate stands at its last stored version, though that is retired, and goes on`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await plantTrip(application)
            let loaded = try await application.store.load(Trip.ID("1"))
            #expect(loaded.state.travellers == ["Ada", "Grace"])
            #expect(loaded.receipt == Receipt(version: 4, position: 4))
            let receipt = try await application.execute(Trip.adaToTurku, on: Trip.ID("1"))
            #expect(receipt == Receipt(version: 5, position: 5))
            let stored = try await application.pool.query(
                "SELECT type, type_version FROM martlet.events WHERE position = 5")[0]
            #expect(try stored.decode(String.self, Int.self) == ("trip.booked", 3))
            #expect(try await application.store.load(Trip.ID("1")).state.travellers == ["Ada", "Grace", "Ada"])
        }
    }

    @Test func `whole pages of retired events end neither a stream nor hide what follows`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.pool.execute(
                """
                INSERT INTO martlet.events
                    (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
                SELECT n, n, clock_timestamp(), gen_random_uuid(), 1, 'trip-1', 'trip.looked', '{}', '{}'
                FROM generate_series(1, 2000) n
                """)
            try await application.plant("trip.booked", version: 1, Self.booked, in: "trip-1")
            #expect(try await read(application).map(\.version) == [2001])
            #expect(try await application.store.load(Trip.ID("1")).receipt.version == 2001)
        }
    }

    @Test func `a missing version is still found among retired events`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await plantTrip(application)
            try await application.pool.execute("DELETE FROM martlet.events WHERE version = 2")
            let error = await #expect(throws: EventStoreError.self) { try await read(application) }
            #expect(error?.description.hasSuffix("stream \"trip-1\": expected version 2, found 3") == true)
        }
    }

    @Test func `a projection sees today's events, and passes over retired ones`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration) { Travellers() }
            try await application.migrate()
            try await application.pool.execute("CREATE TABLE travellers (position int8 PRIMARY KEY, name text)")
            try await plantTrip(application)
            let running = Task { try await application.run() }
            defer { running.cancel() }
            #expect(try await application.caughtUp(to: 4, within: .seconds(30)))
            let rows = try await application.pool.query("SELECT position, name FROM travellers ORDER BY position")
            #expect(try rows.map { row in try row.decode("name", as: String.self) } == ["Ada", "Grace"])
        }
    }

    @Test func `an event of a newer version stops whoever reads it, with its place and the versions`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.plant("trip.booked", version: 4, "{}", in: "trip-1")
            let error = await #expect(throws: EventStoreError.self) {
                try await application.store.load(Trip.ID("1"))
            }
            #expect(
                error?.description == "event \"trip.booked\" at position 1 (stream \"trip-1\", version 1) cannot be "
                    + "decoded: written by a newer version: expected at most 3, found 4")
        }
    }
}

private struct Travellers: Projection {
    static let name = "travellers"

    func project(_ recorded: Recorded<Trip>, in transaction: Transaction) async throws {
        guard case .booked(let traveller, _) = recorded.event else { return }
        try await transaction.execute(
            "INSERT INTO travellers VALUES (\(recorded.position.rawValue), \(traveller))")
    }
}
