public import FoundationEssentials
public import Martlet
import OrderDomain

/// Fulfils an order: reserves its goods, has the money set aside, books a parcel, takes the money, and sends the goods.
///
/// ```
///   reserving ──▶ authorising ──▶ booking ──▶ capturing ──▶ completing ──▶ completed
///       │              │             │            │
///       └──────────────┴─────────────┴────────────┴──▶ all undone backwards ──▶ order cancelled
/// ```
/// Whatever goes wrong before the goods are sent, a provider's silence and the customer's own wish included, undoes what
/// was done; afterwards nothing does. Each step has a deadline.
///
/// Why an order is cancelled begins with the kind of reason and a colon, so that reports can group by it.
public struct OrderFulfilment: ProcessManager {
    public static let name = "fulfilment"

    /// Where it is; the next step begins when the answer to the last has come.
    enum Stage: String, Codable, Sendable {
        case new = "new"
        case reserving = "reserving"
        case authorising = "authorising"
        case booking = "booking"
        case capturing = "capturing"
        case completing = "completing"
    }

    var stage = Stage.new
    var order = ""
    var cents = 0
    var demands: [Demand] = []
    /// Articles that are not reserved yet.
    var missing = 0
    /// What the shop has recorded of its providers' answers, to record how it ended.
    var isAuthorised = false
    var isBooked = false
    var isCaptured = false

    public init() {}

    public var phase: String { stage.rawValue }

    /// - Throws: ``OutOfPlace``, for an operator to look at.
    public mutating func react(to input: Input) throws -> [Effect] {
        switch input {
        case .order(let recorded): react(to: recorded)
        case .stock(let recorded): react(to: recorded)
        case .payment(let answer): try react(to: answer)
        case .shipping(let answer): try react(to: answer)
        case .due: [.compensate(because: "it took too long: \(stage)")]
        case .stockRefused(let refusal): try react(to: refusal)
        case .orderRefused(let refusal): throw OutOfPlace("order \(order): \(refusal.rejection)")
        case .paymentRefused(let refusal): throw OutOfPlace("payment \(order): \(refusal.rejection)")
        case .shipmentRefused(let refusal): throw OutOfPlace("shipment \(order): \(refusal.rejection)")
        }
    }

    public func compensated(because reason: String, at moment: Date) -> [Effect] {
        var records: [Effect] = []
        if isCaptured {
            records.append(record(.recordRefund(at: moment)))
        } else if isAuthorised {
            records.append(record(.recordVoid(at: moment)))
        }
        if isBooked { records.append(record(.recordCancellation(at: moment))) }
        return records + [.send(.abandon(reason: reason, at: moment), to: Order.ID(order), as: "abandon")]
    }

    private mutating func react(to recorded: Recorded<Order>) -> [Effect] {
        switch recorded.event {
        case .fulfilmentRequested(let cents, let demands, _):
            guard stage == .new else { return [] }
            (order, self.cents, self.demands) = (recorded.stream.key, cents, demands)
            return reserve()
        case .cancellationRequested(let reason, _):
            return stage == .completing ? [] : [.compensate(because: "the customer cancelled: \(reason)")]
        case .completed: return [.complete]
        case .placed, .paid, .shipped, .cancelled: return []
        }
    }

    private mutating func react(to recorded: Recorded<Stock>) -> [Effect] {
        guard stage == .reserving, case .reserved = recorded.event else { return [] }
        missing -= 1
        return missing == 0 ? authorise() : []
    }

    private func react(to refusal: Refusal<Stock>) throws -> [Effect] {
        guard stage == .reserving else { throw OutOfPlace("\(refusal.aggregate): \(refusal.rejection)") }
        return [.compensate(because: "out of stock: \(refusal.aggregate.key), \(refusal.rejection)")]
    }
}

/// Something came back that cannot come back there.
struct OutOfPlace: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
