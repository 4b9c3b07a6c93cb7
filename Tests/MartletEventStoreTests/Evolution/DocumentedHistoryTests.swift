import Martlet
import MartletEventStore
import Testing

/// The example of the module's page and of `EventHistory`.
struct DocumentedHistoryTests {
    struct Order: Aggregate {
        static let category = "order"

        struct Line: Codable, Equatable, Sendable { var sku: String }

        enum Event: EventPayload, Equatable {
            case placed(customer: String, lines: [Line])

            static let history: EventHistory = [
                .upcast("placed", from: 1) { event in event.rename("client", to: "customer") },
                .upcast("placed", from: 2) { event in event["lines"] = [["sku": event.remove("sku") ?? .null]] },
                .renamed("ordered", to: "placed"),
                .retired("noticed"),
            ]
        }

        func decide(_ command: Event) -> [Event] { [command] }
        mutating func apply(_ event: Event) {}
    }

    private let codec = EventCodec()

    @Test(arguments: [
        ("ordered", 1, #"{"client":"Ada","sku":"TEA"}"#), ("placed", 1, #"{"client":"Ada","sku":"TEA"}"#),
        ("placed", 2, #"{"customer":"Ada","sku":"TEA"}"#),
        ("placed", 3, #"{"customer":"Ada","lines":[{"sku":"TEA"}]}"#),
    ])
    func `what the example promises holds`(name: String, version: Int, payload: String) throws {
        let event = try codec.decode(name, version, Array(payload.utf8), of: Order.self)
        #expect(event == .placed(customer: "Ada", lines: [.init(sku: "TEA")]))
    }
}
