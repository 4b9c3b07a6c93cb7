/// What the shop may ask of the payment provider.
public enum PaymentRequest: Codable, Hashable, Sendable {
    /// Sets the money aside.
    case authorise(order: String, cents: Int)
    /// Takes what was set aside.
    case capture(order: String, cents: Int)
    /// Lets go of what was set aside, and of what may be later.
    case void(order: String)
    /// Gives back what was taken.
    case refund(order: String, cents: Int)
}

/// What the payment provider says.
public enum PaymentAnswer: Codable, Hashable, Sendable {
    case authorised
    /// The customer's bank does not pay.
    case declined(reason: String)
    case captured
    case voided
    case refunded
    /// It cannot be, by what has happened before; nothing changed.
    case refused(reason: String)
}

extension PaymentRequest: LedgerRequest {
    var order: String {
        switch self {
        case .authorise(let order, _), .capture(let order, _), .void(let order), .refund(let order, _): order
        }
    }

    var kind: String {
        switch self {
        case .authorise: "authorise"
        case .capture: "capture"
        case .void: "void"
        case .refund: "refund"
        }
    }

    var asksForSomethingNew: Bool {
        switch self {
        case .authorise: true
        case .capture, .void, .refund: false
        }
    }
}
