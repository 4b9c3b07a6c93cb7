import Martlet

/// Where an import brings its orders: an application of this process, or a service over HTTP.
protocol OrderDestination: Sendable {
    /// Places the order and takes its steps; doing it again changes nothing.
    func deliver(_ order: ImportedOrder) async throws(DeliveryError) -> Delivery

    /// How far the read model has come that has come least far.
    func readModelPosition() async throws(DeliveryError) -> GlobalPosition
}

/// What became of an order that arrived.
struct Delivery: Hashable, Sendable {
    /// False when it had been placed before.
    let isNew: Bool
    /// The position of its last event.
    let position: GlobalPosition
}

/// How a delivery can fail, by what is to be done about it.
enum DeliveryError: Error, Hashable, Sendable {
    /// The order is at fault, and sending it again would not help.
    case refused(String)
    /// The destination is away or busy; the same delivery may work later.
    case away(String)
    /// Something is wrong for every order.
    case broken(String)
}
