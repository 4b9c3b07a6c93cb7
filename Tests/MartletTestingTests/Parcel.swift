import Martlet

/// A parcel whose events have a past.
struct Parcel: Aggregate {
    static let category = "parcel"

    enum Event: EventPayload {
        case sent(to: String, grams: Int)
        case lost

        enum CodingKeys: String, CodingKey {
            case sent
            case lost = "gone"
        }

        static let history: EventHistory = [
            .upcast("sent", from: 1) { event in
                event["grams"] = .number(JSONNumber((event["kilos"]?.number?.integer() ?? 0) * 1000))
            },
            .renamed("posted", to: "sent"),
            .retired("weighed"),
        ]
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}

    static let samples: [Event] = [.sent(to: "Turku", grams: 2000), .lost]

    /// Files with which these samples agree.
    static let golden = [
        "parcel.sent.v2.json": #"{ "grams": 2000, "to": "Turku" }"#,
        "parcel.gone.v1.json": "{}\n",
        "parcel.sent.v1.json": #"{"to":"Oulu","kilos":3}"#,
        "parcel.sent.v1.today.json": #"{"type":"parcel.sent","version":2,"payload":{"to":"Oulu","grams":3000}}"#,
        "parcel.posted.v1.json": #"{"to":"Oulu","kilos":3}"#,
        "parcel.posted.v1.today.json": #"{"type":"parcel.sent","version":2,"payload":{"to":"Oulu","grams":3000}}"#,
        "parcel.weighed.v1.json": #"{"kilos":3}"#,
        "parcel.weighed.v1.today.json": "null",
    ]
}
