import FoundationEssentials
public import Martlet

/// What the carrier said of an order's parcel, as far as the shop knows, and whether it has left. Its key is the order's.
///
/// ```
///   nothing ──▶ booked ──▶ dispatched
///     │  │         │
///     │  └▶ failed │
///     │        │   │
///     └────────┴───┴──▶ cancelled
/// ```
/// Recording the same again causes nothing, whatever has been recorded since.
public struct Shipment: Aggregate {
    public static let category = "shipment"

    /// Nil before the carrier said anything.
    public private(set) var status: ShipmentStatus?
    /// By which the carrier knows the parcel; it stays when the booking was cancelled.
    public private(set) var tracking: String?

    public init() {}

    public func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .recordBooking(let tracking, let at): try recordBooking(tracking, at: at)
        case .recordFailure(let reason, let at): try recordFailure(reason, at: at)
        case .recordCancellation(let at): try recordCancellation(at: at)
        case .recordDispatch(let at): try recordDispatch(at: at)
        }
    }

    public mutating func apply(_ event: Event) {
        switch event {
        case .booked(let tracking, _):
            self.tracking = tracking
            status = .booked
        case .failed: status = .failed
        case .cancelled: status = .cancelled
        case .dispatched: status = .dispatched
        }
    }

    private func recordBooking(_ tracking: String, at: Date) throws(Rejection) -> [Event] {
        if let known = self.tracking {
            guard known == tracking else { throw .bookedOtherwise(tracking: known) }
            return []
        }
        guard status != .cancelled else { throw .cancelled }
        guard status != .failed else { throw .failed }
        return [.booked(tracking: tracking, at: at)]
    }

    private func recordFailure(_ reason: String, at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil: return [.failed(reason: reason, at: at)]
        case .failed: return []
        case .cancelled: throw .cancelled
        case .booked, .dispatched: throw .alreadyBooked
        }
    }

    /// Also of what was never booked, as far as the shop knows: the carrier may know of a booking whose answer was lost,
    /// and lets none come later.
    private func recordCancellation(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case nil, .failed, .booked: return [.cancelled(at: at)]
        case .cancelled: return []
        case .dispatched: throw .alreadyDispatched
        }
    }

    private func recordDispatch(at: Date) throws(Rejection) -> [Event] {
        switch status {
        case .booked: return [.dispatched(at: at)]
        case .dispatched: return []
        case nil, .failed: throw .notBooked
        case .cancelled: throw .cancelled
        }
    }
}
