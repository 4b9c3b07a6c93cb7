import FoundationEssentials
import Martlet

/// What this service reads of a message about an order: it knows the topic's shapes, and nothing of the shop's code.
struct OrderNews: Decodable {
    let order: String
    let customer: String?
    let totalCents: Int?
    let cents: Int?
    let refundedCents: Int?
    let reason: String?
}

/// What a customer is written about.
enum NotificationKind: String, CaseIterable, Codable, Sendable {
    case confirmation = "confirmation"
    case receipt = "receipt"
    case dispatch = "dispatch"
    case completion = "completion"
    case cancellation = "cancellation"

    /// Nil for messages that a customer is not written about.
    init?(messageType: String?) {
        switch messageType {
        case "order.placed.v1": self = .confirmation
        case "order.paid.v1": self = .receipt
        case "order.shipped.v1": self = .dispatch
        case "order.completed.v1": self = .completion
        case "order.cancelled.v1": self = .cancellation
        default: return nil
        }
    }

    var messageType: String {
        switch self {
        case .confirmation: "order.placed.v1"
        case .receipt: "order.paid.v1"
        case .dispatch: "order.shipped.v1"
        case .completion: "order.completed.v1"
        case .cancellation: "order.cancelled.v1"
        }
    }

    /// The letter's one sentence.
    func text(of news: OrderNews) -> String {
        switch self {
        case .confirmation: "Thank you for your order \(news.order) over \(news.totalCents.euros)."
        case .receipt: "We have received \(news.cents.euros) for your order \(news.order)."
        case .dispatch: "Your order \(news.order) is on its way."
        case .completion: "Your order \(news.order) is complete: \(news.cents.euros) paid, everything shipped."
        case .cancellation:
            "Your order \(news.order) was cancelled"
                + (news.refundedCents == 0 ? "." : ", and \(news.refundedCents.euros) are on their way back.")
        }
    }
}

extension Int? {
    /// As an amount of so many cents.
    fileprivate var euros: String {
        guard let cents = self else { return "an amount" }
        let rest = cents.magnitude % 100
        return "\(cents < 0 ? "-" : "")\(cents.magnitude / 100).\(rest < 10 ? "0" : "")\(rest) €"
    }
}
