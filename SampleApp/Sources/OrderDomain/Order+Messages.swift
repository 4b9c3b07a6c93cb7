public import FoundationEssentials
public import Martlet

extension Order {
    /// What may be asked of an order; times are those of the business, which may lie before the command's own.
    public enum Command: Hashable, Sendable {
        case place(OrderDetails)
        case pay(at: Date)
        case ship(at: Date)
        case cancel(reason: String, at: Date)
    }

    /// What happened to an order. Stored as it stands here: a case or a label is renamed by an upcaster only.
    public enum Event: EventPayload, Hashable {
        case placed(OrderDetails)
        /// The whole total at once.
        case paid(cents: Int, at: Date)
        case shipped(at: Date)
        /// Refunded is what had been paid: nothing, or the whole total.
        case cancelled(reason: String, refundedCents: Int, at: Date)
    }

    /// Why a command is refused.
    public enum Rejection: Error, Hashable, Sendable {
        /// There is no order of this id.
        case notPlaced
        /// There is one of this id for another customer, other goods or another time.
        case alreadyPlacedDifferently
        case notPaid
        case alreadyShipped
        case cancelled
    }
}

extension Order.Rejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notPlaced: "expected an order that was placed, found none"
        case .alreadyPlacedDifferently: "expected the order as it was placed before, found other content under its id"
        case .notPaid: "expected an order that was paid, found one that was not"
        case .alreadyShipped: "expected an order that was not shipped, found one that was"
        case .cancelled: "expected an order that is open, found one that was cancelled"
        }
    }
}

/// Where an order stands. Stored in the read model and shown to clients, so each name is written down.
public enum OrderStatus: String, Codable, CaseIterable, Hashable, Sendable {
    case placed = "placed"
    case paid = "paid"
    case shipped = "shipped"
    case cancelled = "cancelled"
}
