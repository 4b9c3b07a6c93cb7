import FoundationEssentials
public import Martlet

/// What a customer ordered, and what has become of it since: placed, paid, shipped, or cancelled before it was shipped.
///
/// ```
///            pay          ship
///   placed ──────▶ paid ──────▶ shipped
///      │             │
///      └──── cancel ─┴──▶ cancelled (what was paid is refunded)
/// ```
/// The order's id is its idempotency key: a command that was carried out once stays carried out, and sending it again
/// causes nothing, whatever has happened since.
public struct Order: Aggregate {
    public static let category = "order"

    /// What was ordered; nil before the order was placed.
    public private(set) var details: OrderDetails?
    public private(set) var status: OrderStatus?
    /// What the customer paid; nil before. It stays after a refund.
    public private(set) var paidCents: Int?

    public init() {}

    public func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .place(let details): try place(details)
        case .pay(let at): try pay(at: at)
        case .ship(let at): try ship(at: at)
        case .cancel(let reason, let at): try cancel(reason: reason, at: at)
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
        return [.paid(cents: details.totalCents, at: at)]
    }

    private func ship(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: throw .notPlaced
        case .placed: throw .notPaid
        case .paid: return [.shipped(at: at)]
        case .shipped: return []
        case .cancelled: throw .cancelled
        }
    }

    private func cancel(reason: String, at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: throw .notPlaced
        case .placed, .paid: return [.cancelled(reason: reason, refundedCents: paidCents ?? 0, at: at)]
        case .shipped: throw .alreadyShipped
        case .cancelled: return []
        }
    }
}
