import FoundationEssentials
import OrderDomain

/// The body of `POST /orders`.
struct PlacingBody: Encodable {
    let id: String
    let customer: String
    /// Nil leaves the time to the service.
    let placedAt: Date?
    let lines: [OrderLine]

    init(_ form: OrderForm) {
        id = form.id.key
        customer = form.details.customer
        placedAt = form.isTimeOurs ? nil : form.details.placedAt
        lines = form.details.lines
    }
}

/// The body of a step's request.
struct StepBody: Encodable {
    let at: Date?
    let reason: String?

    init(_ command: Order.Command) {
        switch command {
        case .place: (at, reason) = (nil, nil)
        case .pay(let time), .ship(let time), .fulfil(let time), .complete(let time): (at, reason) = (time, nil)
        case .cancel(let why, let time), .abandon(let why, let time): (at, reason) = (time, why)
        }
    }
}
