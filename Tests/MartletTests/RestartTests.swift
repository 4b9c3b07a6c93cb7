import Martlet
import Testing

struct Till: Aggregate {
    static let category = "till"
    enum Event: EventPayload { case rung(cents: Int) }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// Not idempotent: an event that is projected twice shows.
struct Takings: Projection {
    static let name = "takings"

    func project(_ recorded: Recorded<Till>, in transaction: Transaction) async throws {
        guard case .rung(let cents) = recorded.event else { return }
        try await transaction.execute("UPDATE takings SET cents = cents + \(cents), events = events + 1")
    }
}

struct RestartTests {
    @Test func `a server that crashes under load costs nothing but time`() async throws {
        try await PrivateCluster.with { cluster in
            let shop = Application(postgres: cluster.configuration) { Takings() }
            try await shop.migrate()
            try await shop.pool.execute("CREATE TABLE takings (cents bigint NOT NULL, events bigint NOT NULL)")
            try await shop.pool.execute("INSERT INTO takings VALUES (0, 0)")
            let projections = Task { try await shop.run() }
            let tills = (0..<8).map { till in Task { try await ring(80, on: Till.ID("\(till)"), shop) } }
            for crash in 1...3 {
                #expect(try await shop.caughtUp(to: GlobalPosition(rawValue: Int64(crash * 20)), within: .seconds(60)))
                try await cluster.crash()
                try await cluster.start()
            }
            var last = GlobalPosition.start
            for till in tills { last = max(last, try await till.value) }
            #expect(try await shop.caughtUp(to: last, within: .seconds(60)))
            projections.cancel()

            let log = try await shop.pool.query(
                "SELECT count(*), max(position), max(version), count(DISTINCT stream_id) FROM martlet.events")[0]
            #expect(try log.decode(Int.self, Int.self, Int.self, Int.self) == (640, 640, 80, 8))
            let takings = try await shop.pool.query("SELECT cents, events FROM takings")[0]
            #expect(try takings.decode(Int.self, Int.self) == (6400, 640))
        }
    }

    /// Rings one amount after the other, and again only what certainly was not written.
    @Sendable private func ring(_ count: Int, on till: Till.ID, _ shop: Application) async throws -> GlobalPosition {
        var last = GlobalPosition.start
        var rung = 0
        while rung < count {
            do throws(ExecuteError<Never>) {
                last = try await shop.execute(.rung(cents: 10), on: till).position
                rung += 1
            } catch {
                guard case .failed(let failure) = error, failure.isUnavailability else { throw error }
            }
        }
        return last
    }
}
