import FoundationEssentials
public import Martlet

/// What the payment provider said of an order's money, as far as the shop knows. Its key is the order's.
///
/// ```
///   nothing ──▶ authorised ──▶ captured ──▶ refunded
///     │  │          │
///     │  └▶ declined│
///     │        │    │
///     └────────┴────┴──▶ voided
/// ```
/// Recording the same again causes nothing, whatever has been recorded since.
public struct Payment: Aggregate {
    public static let category = "payment"

    /// Nil before the provider said anything.
    public private(set) var status: PaymentStatus?
    /// What was authorised; it stays when the authorisation has ended.
    public private(set) var authorisedCents: Int?

    public init() {}

    public func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .recordAuthorisation(let cents, let at): try recordAuthorisation(cents, at: at)
        case .recordDecline(let reason, let at): try recordDecline(reason, at: at)
        case .recordCapture(let at): try recordCapture(at: at)
        case .recordVoid(let at): try recordVoid(at: at)
        case .recordRefund(let at): try recordRefund(at: at)
        }
    }

    public mutating func apply(_ event: Event) {
        switch event {
        case .authorised(let cents, _):
            authorisedCents = cents
            status = .authorised
        case .declined: status = .declined
        case .captured: status = .captured
        case .voided: status = .voided
        case .refunded: status = .refunded
        }
    }

    private func recordAuthorisation(_ cents: Int, at: Date) throws(Rejection) -> [Event] {
        if let authorisedCents {
            guard authorisedCents == cents else { throw .authorisedOtherwise(cents: authorisedCents) }
            return []
        }
        guard status != .voided else { throw .voided }
        guard status != .declined else { throw .declined }
        return [.authorised(cents: cents, at: at)]
    }

    private func recordDecline(_ reason: String, at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: return [.declined(reason: reason, at: at)]
        case .declined: return []
        case .voided: throw .voided
        case .authorised, .captured, .refunded: throw .alreadyAuthorised
        }
    }

    private func recordCapture(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case .captured, .refunded: return []
        case .voided: throw .voided
        case nil, .declined: throw .notAuthorised
        case .authorised:
            guard let authorisedCents else { throw .notAuthorised }
            return [.captured(cents: authorisedCents, at: at)]
        }
    }

    /// Also of what was never authorised, as far as the shop knows: the provider may know of an authorisation whose
    /// answer was lost, and lets none come later.
    private func recordVoid(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil, .declined, .authorised: return [.voided(at: at)]
        case .voided: return []
        case .captured, .refunded: throw .alreadyCaptured
        }
    }

    private func recordRefund(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case .refunded: return []
        case nil, .declined, .authorised, .voided: throw .notCaptured
        case .captured:
            guard let authorisedCents else { throw .notCaptured }
            return [.refunded(cents: authorisedCents, at: at)]
        }
    }
}
