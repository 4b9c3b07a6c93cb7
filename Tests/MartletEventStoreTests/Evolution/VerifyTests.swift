import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct VerifyTests {
    private static let old = #"{"client":"Ada","from":"Oulu","to":"Turku"}"#

    @Test func `every event that today's types read is counted, by type and version`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.plant("trip.booked", version: 1, Self.old, in: "trip-1")
            try await application.plant("trip.looked", version: 1, "{}", in: "trip-1")
            try await application.plant("trip.booked", version: 1, Self.old, in: "trip-2")
            try await application.execute(Trip.adaToTurku, on: Trip.ID("1"))
            try await application.plant("parrot.spoke", version: 1, "{}", in: "parrot-1")
            let report = try await application.store.verify(against: [.aggregate(Trip.self)])
            #expect(report.isReadable)
            #expect(report.position == 5)
            #expect(report.types.map(\.type) == ["trip.booked", "trip.booked", "trip.looked"])
            #expect(report.types.map(\.typeVersion) == [1, 3, 1])
            #expect(report.types.map(\.count) == [2, 1, 1])
            #expect(report.unknownCategories.map(\.category) == ["parrot"])
            #expect(report.unknownCategories.map(\.count) == [1])
        }
    }

    @Test func `what cannot be read is told by its first ten places, and stops nothing`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            for number in 1...12 {
                try await application.plant("trip.booked", version: 1, "{}", in: "trip-\(number)")
            }
            try await application.plant("trip.booked", version: 4, "{}", in: "trip-1")
            try await application.plant("account.received", version: 1, #"{"cents":1}"#, in: "trip-1")
            try await application.plant("trip.cancelled", version: 1, "{}", in: "trip-1")
            let report = try await application.store.verify(against: [.aggregate(Trip.self), .aggregate(Account.self)])
            #expect(!report.isReadable)
            #expect(report.count == 15)
            #expect(report.unreadable == 14)
            #expect(report.types.map(\.type) == ["account.received", "trip.booked", "trip.booked", "trip.cancelled"])
            #expect(report.types.map(\.unreadable) == [1, 12, 1, 0])
            #expect(report.types[0].firstUnreadable[0].problem == "expected an event of category \"trip\"")
            #expect(report.types[1].firstUnreadable.map(\.position.rawValue) == Array(1...10))
            #expect(
                report.types[1].firstUnreadable[0].problem == "the upcaster of \"booked\" from version 2: NoRoute()")
            #expect(
                report.types[2].firstUnreadable[0].problem
                    == "written by a newer version: expected at most 3, found 4")
            #expect(report.types[2].firstUnreadable[0].stream == "trip-1")
            #expect(report.types[2].firstUnreadable[0].version == 2)
        }
    }

    @Test func `a history that contradicts itself is told though no event is stored`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let report = try await application.store.verify(against: [.aggregate(Broken.self), .aggregate(Trip.self)])
            #expect(report.flaws.count == 1)
            #expect(report.flaws.first?.contains("found a circle: a, a") == true)
            #expect(!report.isReadable)
        }
    }

    @Test func `progress goes from page to page up to the end of the log`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let events = [Account.Event](repeating: .received(cents: 1), count: 2500)
            try await application.store.append(events, to: Account.ID("ada"), expecting: .noStream)
            var seen: [Int64] = []
            let report = try await application.store.verify(against: [.aggregate(Account.self)]) { position, head in
                seen.append(position.rawValue)
                #expect(head == 2500)
            }
            #expect(seen == [1000, 2000, 2500])
            #expect(report.count == 2500)
        }
    }

    @Test func `a hole in the log stops it`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            for _ in 1...3 { try await application.plant("trip.cancelled", version: 1, "{}", in: "trip-1") }
            try await application.pool.execute("DELETE FROM martlet.events WHERE position = 2")
            await #expect(throws: EventStoreError.self) {
                try await application.store.verify(against: [.aggregate(Trip.self)])
            }
        }
    }
}

private struct Broken: Aggregate {
    static let category = "broken"
    enum Event: EventPayload {
        case a
        static let history: EventHistory = [.renamed("a", to: "a")]
    }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}
