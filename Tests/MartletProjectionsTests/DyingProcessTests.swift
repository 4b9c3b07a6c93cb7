import Martlet
import MartletTesting
import Testing

/// Ends the process at "cliff", until that is mended.
struct Hikes: Projection {
    static let name = "hikes"
    static let onFailure = FailurePolicy.park(after: 2)
    static let tables = [ReadModelTable("hikes", "CREATE TABLE hikes (place text NOT NULL)")]
    var isMended = false

    func project(_ recorded: Recorded<Parcel>, in transaction: Transaction) async throws {
        guard case .moved(let place) = recorded.event else { return }
        if place == "cliff", !isMended { fatalError("fell off") }
        try await transaction.execute("INSERT INTO hikes VALUES (\(place))")
    }

    static func application(on postgres: PostgresConfiguration, isMended: Bool = false) -> Application {
        Application(postgres: postgres, connections: 4, lease: .seconds(1)) { Hikes(isMended: isMended) }
    }
}

@Suite(.tags(.database, .slow)) struct DyingProcessTests {
    @Test func `an event that ends the process is parked by one that comes after it`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = Hikes.application(on: database.configuration, isMended: true)
            try await application.migrate()
            for (parcel, place) in [("a", "road"), ("b", "cliff"), ("b", "town"), ("a", "town")] {
                try await application.execute(.moved(to: place), on: Parcel.ID(parcel))
            }
            // In the first, nothing tells that the event kills; then two tries are counted.
            for _ in 0..<3 {
                await #expect(processExitsWith: .failure) { [name = database.name as String] in
                    try await Hikes.application(on: .environment.database(name)).run()
                }
            }
            let last = Hikes.application(on: database.configuration)
            let run = Task { try await last.run() }
            defer { run.cancel() }
            #expect(try await last.caughtUp(to: 4, within: .seconds(60)))
            let parked = try #require(try await last.projection(Hikes.self).parkedKeys().first)
            #expect((parked.key, parked.count, parked.attempts) == ("parcel-b", 2, 2))
            #expect(try await application.projection(Hikes.self).retry("parcel-b").projected == 2)
        }
    }
}
