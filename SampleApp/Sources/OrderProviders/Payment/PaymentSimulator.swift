public import Martlet

/// A payment provider with a durable ledger, which behaves as badly as it is told to.
///
/// The same key gets the same answer for ever and moves no money again; that is all it does against being asked twice.
/// An authorisation under another key is another one, as it would be in earnest.
///
/// A void of what was never authorised is answered ``PaymentAnswer/voided``, and an authorisation that comes after it is
/// refused: the shop gave up on a request that was still on its way. The same goes for a refund of what was never captured.
public struct PaymentSimulator: ActivityProvider {
    public static let name = "payment"

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
    /// - Throws: ``ProviderUnavailable`` where the behaviour says so; `PostgresError`; `CancellationError`, which is all
    ///   that ends a silence.
    public func perform(_ request: PaymentRequest, key: IdempotencyKey) async throws -> PaymentAnswer {
        let behaviour = simulation.behaviour
        let answer = try await simulation.perform(request, key: key.rawValue) { account in
            account.entry(for: request, isDeclined: behaviour.declines(request))
        }
        return answer ?? .refused(reason: "the key belongs to another request")
    }

    public func isDone(_ answer: PaymentAnswer) -> Bool {
        if case .refused = answer { false } else { true }
    }
}

extension LedgerAccount {
    fileprivate func entry(for request: PaymentRequest, isDeclined: Bool) -> LedgerEntry<PaymentAnswer> {
        switch request {
        case .authorise(_, let cents): authorise(cents, isDeclined: isDeclined)
        case .capture(_, let cents): capture(cents)
        case .void: void()
        case .refund(_, let cents): refund(cents)
        }
    }

    private func authorise(_ cents: Int, isDeclined: Bool) -> LedgerEntry<PaymentAnswer> {
        if cents < 0 { return refusal("expected 0 cents or more, found \(cents)") }
        if has(.voided) { return refusal("it was voided before") }
        if isDeclined { return LedgerEntry(.declined, .declined(reason: "insufficient funds")) }
        return LedgerEntry(.authorised, cents: cents, .authorised)
    }

    private func capture(_ cents: Int) -> LedgerEntry<PaymentAnswer> {
        if !has(.authorised) { return refusal("nothing was authorised") }
        if has(.voided) { return refusal("it was voided before") }
        if has(.refunded) { return refusal("it was given up before") }
        if has(.captured) { return refusal("it was captured before") }
        guard (0...total(.authorised)).contains(cents) else {
            return refusal("expected 0 to \(total(.authorised)) cents, found \(cents)")
        }
        return LedgerEntry(.captured, cents: cents, .captured)
    }

    private func void() -> LedgerEntry<PaymentAnswer> {
        if has(.captured) && !has(.refunded) { return refusal("it was captured before") }
        if has(.voided) || has(.captured) { return LedgerEntry(.unchanged, .voided) }
        return LedgerEntry(.voided, cents: total(.authorised), .voided)
    }

    private func refund(_ cents: Int) -> LedgerEntry<PaymentAnswer> {
        if has(.refunded) { return LedgerEntry(.unchanged, .refunded) }
        if !has(.captured) { return LedgerEntry(.refunded, cents: 0, .refunded) }
        guard (0...total(.captured)).contains(cents) else {
            return refusal("expected 0 to \(total(.captured)) cents, found \(cents)")
        }
        return LedgerEntry(.refunded, cents: cents, .refunded)
    }

    private func refusal(_ reason: String) -> LedgerEntry<PaymentAnswer> {
        LedgerEntry(.refused, .refused(reason: reason))
    }
}
