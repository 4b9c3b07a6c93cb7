import FoundationEssentials

extension Order {
    func fulfil(at: Date) throws(Rejection) -> [Event] {
        guard let details, let status else { throw .notPlaced }
        guard !isFulfilmentRequested else { return [] }
        switch status {
        case .placed:
            return [.fulfilmentRequested(cents: details.totalCents, demands: details.demands, at: at)]
        case .paid: throw .alreadyPaid
        case .shipped: throw .alreadyShipped
        case .cancelled: throw .cancelled
        case .fulfilling, .completed: return []
        }
    }

    /// A wish to cancel that came too late does not stand against it.
    func complete(at: Date) throws(Rejection) -> [Event] {
        guard let details, let status else { throw .notPlaced }
        switch status {
        case .fulfilling: return [.completed(cents: details.totalCents, at: at)]
        case .completed: return []
        case .cancelled: throw .cancelled
        case .placed, .paid, .shipped: throw .notInFulfilment
        }
    }

    /// Nothing is refunded: what the fulfilment took it has given back by itself.
    func abandon(reason: String, at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: throw .notPlaced
        case .fulfilling: return [.cancelled(reason: reason, refundedCents: 0, at: at)]
        case .cancelled: return []
        case .completed: throw .alreadyShipped
        case .placed, .paid, .shipped: throw .notInFulfilment
        }
    }
}
