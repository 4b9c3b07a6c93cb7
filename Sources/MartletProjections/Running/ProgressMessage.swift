import MartletDomain
import MartletEventStore
import MartletPostgres

/// What the processes of an application say to each other beside the log, by NOTIFY: hints, never the news itself.
enum ProgressMessage: Equatable {
    /// Somebody waits for a projection to reach a position.
    case asked(String, for: GlobalPosition)
    /// A process's partitions of a projection have reached what was asked for.
    case reached(String)
    /// Partitions of a projection have become free, somebody has come to share them, or it goes on.
    case claim(String)

    var text: String {
        switch self {
        case .asked(let projection, let position): "asked \(position.rawValue) \(projection)"
        case .reached(let projection): "reached \(projection)"
        case .claim(let projection): "claim \(projection)"
        }
    }

    /// Nil is what somebody else sent.
    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "reached": self = .reached(String(words[1]))
        case "claim": self = .claim(String(words[1]))
        case "asked":
            let rest = words[1].split(separator: " ", maxSplits: 1)
            guard rest.count == 2, let position = Int64(rest[0]) else { return nil }
            self = .asked(String(rest[1]), for: GlobalPosition(rawValue: position))
        default: return nil
        }
    }

    /// The statement that sends it.
    func notification(in schema: SQLIdentifier) -> SQL {
        "SELECT pg_notify(\(AppendSignal.sideChannel(of: schema).name), \(text))"
    }
}
