public import Martlet

/// A carrier with a durable ledger, which behaves as badly as it is told to; see ``PaymentSimulator``.
///
/// A cancellation of what was never booked is answered ``ShippingAnswer/cancelled``, and a booking that comes after it is
/// refused.
public struct ShippingSimulator: ActivityProvider {
    public static let name = "shipping"

    public let policy: CallPolicy
    private let simulation: Simulation

    public init(
        _ ledger: ProviderLedger, _ behaviour: SimulatorBehaviour = SimulatorBehaviour(),
        policy: CallPolicy = CallPolicy()
    ) {
        self.policy = policy
        simulation = Simulation(provider: Self.name, ledger: ledger, behaviour: behaviour)
    }

    /// Does what is asked, once for each key.
    /// - Parameter key: the sender's own, unique to the request; under that of another request it is refused.
    /// - Throws: as ``PaymentSimulator/perform(_:key:)``.
    public func perform(_ request: ShippingRequest, key: IdempotencyKey) async throws -> ShippingAnswer {
        let behaviour = simulation.behaviour
        let answer = try await simulation.perform(request, key: key.rawValue) { account in
            account.entry(for: request, key: key.rawValue, isUndeliverable: behaviour.declines(request))
        }
        return answer ?? .refused(reason: "the key belongs to another request")
    }

    public func isDone(_ answer: ShippingAnswer) -> Bool {
        if case .refused = answer { false } else { true }
    }
}

extension LedgerAccount {
    fileprivate func entry(
        for request: ShippingRequest, key: String, isUndeliverable: Bool
    ) -> LedgerEntry<ShippingAnswer> {
        switch request {
        case .book:
            if has(.cancelled) { return LedgerEntry(.refused, .refused(reason: "it was cancelled before")) }
            if isUndeliverable { return LedgerEntry(.undeliverable, .undeliverable(reason: "no such address")) }
            return LedgerEntry(.booked, .booked(tracking: Self.tracking(of: request.order, key: key)))
        case .cancel:
            return LedgerEntry(has(.cancelled) ? .unchanged : .cancelled, .cancelled)
        }
    }

    /// Of the booking, not of the order: who books twice has two parcels.
    private static func tracking(of order: String, key: String) -> String {
        var hash = StableHash(seed: 0)
        hash.add(order)
        hash.add(key)
        let digits = String(hash.value, radix: 16, uppercase: true)
        return "MT" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
