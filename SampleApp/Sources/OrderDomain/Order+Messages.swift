public import FoundationEssentials
public import Martlet

extension Order {
    /// What may be asked of an order; times are those of the business, which may lie before the command's own.
    public enum Command: Codable, Hashable, Sendable {
        case place(OrderDetails)
        case pay(at: Date)
        case ship(at: Date)
        /// Of an order in fulfilment it is a wish, which the fulfilment sees.
        case cancel(reason: String, at: Date)
        /// Payment, goods and shipping, all by the shop itself.
        case fulfil(at: Date)
        /// Sent by the fulfilment, when the goods are on their way and the money is there.
        case complete(at: Date)
        /// Sent by the fulfilment, when nothing of it is left.
        case abandon(reason: String, at: Date)
    }

    /// What happened to an order. Stored as it stands here: a case or a label is renamed by an upcaster only.
    public enum Event: EventPayload, Hashable {
        case placed(OrderDetails)
        /// The whole total at once.
        case paid(cents: Int, at: Date)
        case shipped(at: Date)
        /// Refunded is what had been paid: nothing, or the whole total.
        case cancelled(reason: String, refundedCents: Int, at: Date)
        /// With all that a fulfilment has to know of the order.
        case fulfilmentRequested(cents: Int, demands: [Demand], at: Date)
        case cancellationRequested(reason: String, at: Date)
        /// The whole total was paid and everything was shipped.
        case completed(cents: Int, at: Date)
    }

    /// Why a command is refused.
    public enum Rejection: Error, Codable, Hashable, Sendable {
        /// There is no order of this id.
        case notPlaced
        /// There is one of this id for another customer, other goods or another time.
        case alreadyPlacedDifferently
        case notPaid
        case alreadyShipped
        case cancelled
        /// Paid by hand, so that there is nothing for the fulfilment to take.
        case alreadyPaid
        /// Only the fulfilment decides on the order now.
        case inFulfilment
        case notInFulfilment
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
        case .alreadyPaid: "expected an order that was not paid, found one that was"
        case .inFulfilment: "expected an order that is not in fulfilment, found one that is"
        case .notInFulfilment: "expected an order in fulfilment, found one that is not"
        }
    }
}

/// Where an order stands. Stored in the read model and shown to clients, so each name is written down.
public enum OrderStatus: String, Codable, CaseIterable, Hashable, Sendable {
    case placed = "placed"
    case paid = "paid"
    case shipped = "shipped"
    case fulfilling = "fulfilling"
    case completed = "completed"
    case cancelled = "cancelled"
}
