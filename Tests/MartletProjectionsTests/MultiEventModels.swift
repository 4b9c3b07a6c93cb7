import Martlet

struct Purchase: Aggregate {
    static let category = "purchase"
    enum Event: EventPayload {
        case placed(cents: Int)
        case cancelled
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

struct Charge: Aggregate {
    static let category = "charge"
    enum Event: EventPayload {
        case charged(purchase: String, cents: Int)
        case refunded(purchase: String, cents: Int)
        case looked

        static let history: EventHistory = [.retired("noted")]
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

/// What concerns a sale, of whichever aggregate.
enum SaleEvent: EventInput {
    case purchase(Recorded<Purchase>)
    case charge(Recorded<Charge>)

    static let sources: [EventSource<Self>] = [.events(Self.purchase), .events(Self.charge)]

    var position: GlobalPosition {
        switch self {
        case .purchase(let recorded): recorded.position
        case .charge(let recorded): recorded.position
        }
    }

    /// Whose sale it is; nil where it is nobody's.
    var sale: String? {
        switch self {
        case .purchase(let recorded): recorded.stream.key
        case .charge(let recorded):
            switch recorded.event {
            case .charged(let purchase, _), .refunded(let purchase, _): purchase
            case .looked: nil
            }
        }
    }

    /// What it tells, in one word.
    var word: String {
        switch self {
        case .purchase(let recorded):
            switch recorded.event {
            case .placed: "placed"
            case .cancelled: "cancelled"
            }
        case .charge(let recorded):
            switch recorded.event {
            case .charged: "charged"
            case .refunded: "refunded"
            case .looked: "looked"
            }
        }
    }
}
