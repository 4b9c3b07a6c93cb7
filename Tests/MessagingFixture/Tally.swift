import Martlet

/// Something that is counted, each time with a number that the caller chooses.
struct Tally: Aggregate {
    static let category = "tally"

    enum Event: EventPayload {
        case counted(number: Int, copies: Int, text: String)
        case looked
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_: Event) {}
}

struct Counted: Codable {
    let key: String
    let number: Int
    let copy: Int
    let text: String
}

/// Tells of each count as many times as there are copies, and nothing of looks.
struct Counts: Publication {
    static let name = "counts"
    static let topic = Topic("counts", partitions: 4, segments: .init(time: .seconds(4)))
    static let source = "/tallies"

    func messages(for recorded: Recorded<Tally>) -> [IntegrationEvent] {
        guard case .counted(let number, let copies, let text) = recorded.event else { return [] }
        let key = recorded.stream.key
        return (0..<copies).map { copy in
            IntegrationEvent(type: "counted.v1", data: Counted(key: key, number: number, copy: copy, text: text))
        }
    }
}
