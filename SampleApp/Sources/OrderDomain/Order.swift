import FoundationEssentials
public import Martlet

/// What a customer ordered, and what has become of it since: paid and shipped by hand, or fulfilled, or cancelled.
///
/// ```
///            pay          ship
///   placed ──────▶ paid ──────▶ shipped
///     │ │            │
///     │ └── cancel ──┴──▶ cancelled (what was paid by hand is refunded)
///     │                       ▲
///   fulfil                 abandon
///     │                       │
///     └───────────▶ fulfilling ──────▶ completed
///                             complete
/// ```
/// An order in fulfilment takes no step by hand: the fulfilment has its money and its goods, and so decides alone how it
/// ends. A wish to cancel it is noted for the fulfilment to see.
///
/// The order's id is its idempotency key: a command that was carried out once stays carried out, and sending it again
/// causes nothing, whatever has happened since.
public struct Order: Aggregate {
    public static let category = "order"

    /// What was ordered; nil before the order was placed.
    public private(set) var details: OrderDetails?
    public private(set) var status: OrderStatus?
    /// What the customer paid; nil before. It stays after a refund.
    public private(set) var paidCents: Int?
    /// Whether the fulfilment was ever asked for; it stays true when it has ended.
    public private(set) var isFulfilmentRequested = false
    /// Whether somebody wished to cancel while the order was in fulfilment.
    public private(set) var isCancellationRequested = false

    public init() {}

    public func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .place(let details): try place(details)
        case .pay(let at): try pay(at: at)
        case .ship(let at): try ship(at: at)
        case .cancel(let reason, let at): try cancel(reason: reason, at: at)
        case .fulfil(let at): try fulfil(at: at)
        case .complete(let at): try complete(at: at)
        case .abandon(let reason, let at): try abandon(reason: reason, at: at)
        }
    }

    public mutating func apply(_ event: Event) {
        switch event {
        case .placed(let details):
            self.details = details
            status = .placed
        case .paid(let cents, _):
            paidCents = cents
            status = .paid
        case .shipped: status = .shipped
        case .cancelled: status = .cancelled
        case .fulfilmentRequested:
            isFulfilmentRequested = true
            status = .fulfilling
        case .cancellationRequested: isCancellationRequested = true
        case .completed(let cents, _):
            paidCents = cents
            status = .completed
        }
    }

    private func place(_ wanted: OrderDetails) throws(Rejection) -> [Event] {
        guard let details else { return [.placed(wanted)] }
        guard details.isSameOrder(as: wanted) else { throw .alreadyPlacedDifferently }
        return []
    }

    private func pay(at: Date) throws(Rejection) -> [Event] {
        guard let details else { throw .notPlaced }
        guard paidCents == nil else { return [] }
        guard status != .cancelled else { throw .cancelled }
        guard status != .fulfilling else { throw .inFulfilment }
        return [.paid(cents: details.totalCents, at: at)]
    }

    private func ship(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: throw .notPlaced
        case .placed: throw .notPaid
        case .paid: return [.shipped(at: at)]
        case .shipped, .completed: return []
        case .cancelled: throw .cancelled
        case .fulfilling: throw .inFulfilment
        }
    }

    private func cancel(reason: String, at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: throw .notPlaced
        case .placed, .paid: return [.cancelled(reason: reason, refundedCents: paidCents ?? 0, at: at)]
        case .fulfilling: return isCancellationRequested ? [] : [.cancellationRequested(reason: reason, at: at)]
        case .shipped, .completed: throw .alreadyShipped
        case .cancelled: return []
        }
    }
}
