/// What the shop may ask of the carrier.
public enum ShippingRequest: Codable, Hashable, Sendable {
    /// Have the order's parcel fetched and delivered.
    case book(order: String)
    /// Leave it, and any booking that may come later.
    case cancel(order: String)
}

/// What the carrier says.
public enum ShippingAnswer: Codable, Hashable, Sendable {
    /// - Parameter tracking: by which the carrier knows the parcel.
    case booked(tracking: String)
    /// The carrier does not deliver to this address.
    case undeliverable(reason: String)
    case cancelled
    /// It cannot be, by what has happened before; nothing changed.
    case refused(reason: String)
}

extension ShippingRequest: LedgerRequest {
    var order: String {
        switch self {
        case .book(let order), .cancel(let order): order
        }
    }

    var kind: String {
        switch self {
        case .book: "book"
        case .cancel: "cancel"
        }
    }

    var asksForSomethingNew: Bool {
        switch self {
        case .book: true
        case .cancel: false
        }
    }
}
