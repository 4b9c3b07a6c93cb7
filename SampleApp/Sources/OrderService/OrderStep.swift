import FoundationEssentials
import OrderDomain

/// What is done to an order after it was placed, as a client writes it.
enum OrderStep: String, CaseIterable, Sendable {
    case pay = "pay"
    case ship = "ship"
    case cancel = "cancel"
    case fulfil = "fulfil"

    /// What the step makes of the order, as the last segment of its URL.
    var resource: String {
        switch self {
        case .pay: "payment"
        case .ship: "shipment"
        case .cancel: "cancellation"
        case .fulfil: "fulfilment"
        }
    }

    /// The command with the members that the step needs: `at`, which is now when it is left out, and for a cancellation
    /// its `reason`.
    func command(_ fields: inout Fields, now: Date) throws(FieldProblem) -> Order.Command {
        let time = try fields.optionalTime("at") ?? now
        switch self {
        case .pay: return .pay(at: time)
        case .ship: return .ship(at: time)
        case .fulfil: return .fulfil(at: time)
        case .cancel:
            let reason = try fields.string("reason")
            do throws(OrderFlaw) {
                return .cancel(reason: try OrderText.checked(reason, field: "reason"), at: time)
            } catch { throw fields.problem(error) }
        }
    }
}
