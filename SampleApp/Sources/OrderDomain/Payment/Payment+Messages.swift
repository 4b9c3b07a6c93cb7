public import FoundationEssentials
public import Martlet

extension Payment {
    /// What the provider said, to be kept.
    public enum Command: Codable, Hashable, Sendable {
        case recordAuthorisation(cents: Int, at: Date)
        case recordDecline(reason: String, at: Date)
        case recordCapture(at: Date)
        case recordVoid(at: Date)
        case recordRefund(at: Date)
    }

    /// What happened to the money. Stored as it stands here.
    public enum Event: EventPayload, Hashable {
        case authorised(cents: Int, at: Date)
        case declined(reason: String, at: Date)
        /// All that was authorised.
        case captured(cents: Int, at: Date)
        case voided(at: Date)
        /// All that was captured.
        case refunded(cents: Int, at: Date)
    }

    public enum Rejection: Error, Codable, Hashable, Sendable {
        case alreadyAuthorised
        /// Over another amount.
        case authorisedOtherwise(cents: Int)
        case declined
        case notAuthorised
        case alreadyCaptured
        case notCaptured
        case voided
    }
}

extension Payment.Rejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .alreadyAuthorised: "expected a payment that was not authorised, found one that was"
        case .authorisedOtherwise(let cents): "expected the amount that was authorised before, \(cents) cents"
        case .declined: "expected a payment that was not declined, found one that was"
        case .notAuthorised: "expected a payment that was authorised, found one that was not"
        case .alreadyCaptured: "expected a payment that was not captured, found one that was"
        case .notCaptured: "expected a payment that was captured, found one that was not"
        case .voided: "expected a payment that was not voided, found one that was"
        }
    }
}

/// Where a payment stands.
public enum PaymentStatus: String, Codable, CaseIterable, Hashable, Sendable {
    case authorised = "authorised"
    case declined = "declined"
    case captured = "captured"
    case voided = "voided"
    case refunded = "refunded"
}
