public import Martlet

extension Stock {
    /// What may be asked of an article; an order is named by its key.
    public enum Command: Codable, Hashable, Sendable {
        /// Goods that arrived; asked twice, they arrived twice.
        case add(quantity: Int)
        /// All that the order wants of the article at once; the same again causes nothing while it is reserved.
        case reserve(order: String, quantity: Int)
        /// Gives back what is reserved for the order; nothing when nothing is.
        case release(order: String)
        /// What is reserved for the order leaves the warehouse.
        case dispatch(order: String)
    }

    /// What happened to an article. Stored as it stands here.
    public enum Event: EventPayload, Hashable {
        case added(quantity: Int)
        case reserved(order: String, quantity: Int)
        case released(order: String, quantity: Int)
        case dispatched(order: String, quantity: Int)
    }

    public enum Rejection: Error, Codable, Hashable, Sendable {
        case insufficient(available: Int)
        /// None at all, or more than can be counted.
        case invalidQuantity(Int)
        /// For the same order, but another quantity of it.
        case reservedOtherwise(quantity: Int)
        case notReserved
    }
}

extension Stock.Rejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .insufficient(let available): "expected enough of the article, found \(available)"
        case .invalidQuantity(let quantity): "expected a quantity of 1 or more, and a stock to fit, found \(quantity)"
        case .reservedOtherwise(let quantity): "expected the quantity that is reserved for the order, \(quantity)"
        case .notReserved: "expected a reservation for the order, found none"
        }
    }
}

extension Stock {
    /// In UTF-8 bytes; short enough for any stream's name.
    public static let longestSKU = 200

    /// The article with this SKU, which is its key as it is.
    /// - Throws: ``OrderFlaw`` for the field `sku`.
    public static func id(_ sku: String) throws(OrderFlaw) -> Stock.ID {
        let sku = try OrderText.checked(sku, field: "sku")
        guard sku.utf8.count <= longestSKU else {
            throw OrderFlaw(field: "sku", problem: "expected at most \(longestSKU) bytes, found \(sku.utf8.count)")
        }
        return Stock.ID(sku)
    }
}
