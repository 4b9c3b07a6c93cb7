public import Martlet

/// What the shop has of one article: what is free to be promised, and what is promised to orders. Its key is the SKU.
///
/// Commands of one sender reach an article in their order, so a release never overtakes the reservation that it is
/// about, and a reservation that is closed, by a release or a dispatch, is forgotten: the state holds what is open.
public struct Stock: Aggregate {
    public static let category = "stock"

    /// What is in the warehouse and promised to nobody.
    public private(set) var available = 0
    /// The open reservations, by order.
    public private(set) var reserved: [Order.ID: Int] = [:]

    public init() {}

    public func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .add(let quantity): try add(quantity)
        case .reserve(let order, let quantity): try reserve(quantity, for: order)
        case .release(let order): release(order)
        case .dispatch(let order): try dispatch(order)
        }
    }

    // Saturating: what is stored was decided on, but not necessarily by this build.
    public mutating func apply(_ event: Event) {
        switch event {
        case .added(let quantity): available = available.addingWithinLimits(quantity)
        case .reserved(let order, let quantity):
            available = available.subtractingWithinLimits(quantity)
            reserved[Order.ID(order)] = quantity
        case .released(let order, let quantity):
            available = available.addingWithinLimits(quantity)
            reserved[Order.ID(order)] = nil
        case .dispatched(let order, _): reserved[Order.ID(order)] = nil
        }
    }

    private func add(_ quantity: Int) throws(Rejection) -> [Event] {
        guard quantity > 0, !available.addingReportingOverflow(quantity).overflow else {
            throw .invalidQuantity(quantity)
        }
        return [.added(quantity: quantity)]
    }

    private func reserve(_ quantity: Int, for order: String) throws(Rejection) -> [Event] {
        guard quantity > 0 else { throw .invalidQuantity(quantity) }
        if let known = reserved[Order.ID(order)] {
            guard known == quantity else { throw .reservedOtherwise(quantity: known) }
            return []
        }
        guard available >= quantity else { throw .insufficient(available: available) }
        return [.reserved(order: order, quantity: quantity)]
    }

    private func release(_ order: String) -> [Event] {
        reserved[Order.ID(order)].map { [.released(order: order, quantity: $0)] } ?? []
    }

    private func dispatch(_ order: String) throws(Rejection) -> [Event] {
        guard let quantity = reserved[Order.ID(order)] else { throw .notReserved }
        return [.dispatched(order: order, quantity: quantity)]
    }
}

extension Int {
    fileprivate func addingWithinLimits(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    fileprivate func subtractingWithinLimits(_ other: Int) -> Int {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
