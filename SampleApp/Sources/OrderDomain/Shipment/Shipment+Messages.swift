public import FoundationEssentials
public import Martlet

extension Shipment {
    /// What the carrier said or took, to be kept.
    public enum Command: Codable, Hashable, Sendable {
        case recordBooking(tracking: String, at: Date)
        case recordFailure(reason: String, at: Date)
        case recordCancellation(at: Date)
        case recordDispatch(at: Date)
    }

    /// What happened to the parcel. Stored as it stands here.
    public enum Event: EventPayload, Hashable {
        case booked(tracking: String, at: Date)
        /// The carrier does not deliver it.
        case failed(reason: String, at: Date)
        case cancelled(at: Date)
        case dispatched(at: Date)
    }

    public enum Rejection: Error, Codable, Hashable, Sendable {
        case alreadyBooked
        /// Under another number.
        case bookedOtherwise(tracking: String)
        case failed
        case notBooked
        case cancelled
        case alreadyDispatched
    }
}

extension Shipment.Rejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .alreadyBooked: "expected a parcel that was not booked, found one that was"
        case .bookedOtherwise(let tracking): "expected the parcel that was booked before, \"\(tracking)\""
        case .failed: "expected a parcel that the carrier takes, found one that it does not"
        case .notBooked: "expected a parcel that was booked, found none"
        case .cancelled: "expected a parcel that was not cancelled, found one that was"
        case .alreadyDispatched: "expected a parcel that has not left, found one that has"
        }
    }
}

/// Where a parcel stands.
public enum ShipmentStatus: String, Codable, CaseIterable, Hashable, Sendable {
    case booked = "booked"
    case failed = "failed"
    case cancelled = "cancelled"
    case dispatched = "dispatched"
}
