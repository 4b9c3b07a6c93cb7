import Martlet
import Synchronization

/// The aggregates and providers of an order's fulfilment, as small as they can be: what is measured is what lies between
/// them.
struct Order: Aggregate {
    static let category = "order"

    enum Command: Codable {
        case place(article: String, cents: Int)
        case complete
    }
    enum Event: EventPayload {
        case placed(article: String, cents: Int)
        case completed
    }

    private(set) var isCompleted = false

    func decide(_ command: Command) -> [Event] {
        switch command {
        case .place(let article, let cents): [.placed(article: article, cents: cents)]
        case .complete: isCompleted ? [] : [.completed]
        }
    }

    mutating func apply(_ event: Event) {
        if case .completed = event { isCompleted = true }
    }
}

/// One article of which many orders want some at the same time.
struct Stock: Aggregate {
    static let category = "stock"

    enum Command: Codable {
        case reserve(order: String)
        case release(order: String)
    }
    enum Event: EventPayload {
        case reserved(order: String)
        case released(order: String)
    }
    enum Rejection: Error, Codable { case soldOut }

    private var left = Int.max

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .reserve(let order):
            guard left > 0 else { throw .soldOut }
            return [.reserved(order: order)]
        case .release(let order): return [.released(order: order)]
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .reserved: left -= 1
        case .released: left += 1
        }
    }
}

/// What a provider has said, kept for one order.
struct Payment: Aggregate {
    static let category = "payment"

    enum Command: Codable {
        case recordAuthorisation(cents: Int)
        case recordCapture
    }
    enum Event: EventPayload {
        case authorised(cents: Int)
        case captured
    }

    func decide(_ command: Command) -> [Event] {
        switch command {
        case .recordAuthorisation(let cents): [.authorised(cents: cents)]
        case .recordCapture: [.captured]
        }
    }

    mutating func apply(_: Event) {}
}

struct Shipment: Aggregate {
    static let category = "shipment"

    enum Command: Codable {
        case recordBooking(tracking: String)
    }
    enum Event: EventPayload {
        case booked(tracking: String)
    }

    func decide(_ command: Command) -> [Event] {
        switch command {
        case .recordBooking(let tracking): [.booked(tracking: tracking)]
        }
    }

    mutating func apply(_: Event) {}
}

/// Takes the money, at once.
final class Till: ActivityProvider {
    static let name = "till"

    enum Request: Codable {
        case authorise(order: String, cents: Int)
        case capture(order: String)
        case void(order: String)
    }
    enum Answer: Codable { case authorised, captured, voided }

    /// Captures so far, which come last: how many orders are on their way is placed less captured.
    let captured = Atomic(0)

    func perform(_ request: Request, key _: IdempotencyKey) -> Answer {
        switch request {
        case .authorise: return .authorised
        case .void: return .voided
        case .capture:
            captured.add(1, ordering: .relaxed)
            return .captured
        }
    }
}

/// Carries the goods, at once.
struct Carrier: ActivityProvider {
    static let name = "carrier"

    enum Request: Codable {
        case book(order: String)
        case cancel(order: String)
    }
    enum Answer: Codable {
        case booked(tracking: String)
        case cancelled
    }

    func perform(_ request: Request, key: IdempotencyKey) -> Answer {
        switch request {
        case .book: .booked(tracking: "T-\(key)")
        case .cancel: .cancelled
        }
    }
}
