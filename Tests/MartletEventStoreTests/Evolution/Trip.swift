import Martlet

/// A trip whose events have changed over the years.
struct Trip: Aggregate {
    static let category = "trip"

    enum Event: EventPayload, Equatable {
        case booked(traveller: String, legs: [Leg])
        case cancelled

        static let history: EventHistory = [
            .upcast("booked", from: 1) { event in event.rename("client", to: "traveller") },
            .upcast("booked", from: 2) { event in
                guard let from = event.remove("from"), let to = event.remove("to") else { throw NoRoute() }
                event["legs"] = [["from": from, "to": to]]
            },
            .upcast("reserved", from: 1) { event in event.rename("who", to: "client") },
            .renamed("reserved", to: "booked"),
            .retired("looked"),
        ]
    }

    struct Leg: Codable, Equatable, Sendable {
        var from: String
        var to: String
    }

    struct NoRoute: Error {}

    var travellers: [String] = []

    func decide(_ command: Event) -> [Event] { [command] }

    mutating func apply(_ event: Event) {
        if case .booked(let traveller, _) = event { travellers.append(traveller) }
    }

    static let adaToTurku = Event.booked(traveller: "Ada", legs: [Leg(from: "Oulu", to: "Turku")])
}

extension Application {
    /// Puts an event at the end of the log as an earlier build had stored it.
    func plant(_ type: String, version: Int, _ payload: String, in stream: String) async throws {
        try await pool.execute(
            """
            INSERT INTO \(schema).events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT
                (SELECT count(*) + 1 FROM \(schema).events),
                (SELECT count(*) + 1 FROM \(schema).events WHERE stream_id = \(stream)),
                clock_timestamp(), gen_random_uuid(), \(version)::int, \(stream), \(type), \(payload)::text::json, '{}'
            """)
    }
}
