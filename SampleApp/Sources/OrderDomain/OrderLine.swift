/// So many pieces of one article at one price.
public struct OrderLine: Codable, Hashable, Sendable {
    public static let quantities = 1...1_000_000
    /// Up to a hundred million euros; nothing for a gift.
    public static let unitPrices = 0...10_000_000_000

    public let sku: String
    public let name: String
    public let quantity: Int
    public let unitCents: Int

    /// - Throws: ``OrderFlaw`` with the field that breaks a rule.
    public init(sku: String, name: String, quantity: Int, unitCents: Int) throws(OrderFlaw) {
        self.sku = try Stock.id(sku).key
        self.name = try OrderText.checked(name, field: "name")
        guard Self.quantities.contains(quantity) else {
            throw .outOfRange(field: "quantity", Self.quantities, found: quantity)
        }
        guard Self.unitPrices.contains(unitCents) else {
            throw .outOfRange(field: "unitCents", Self.unitPrices, found: unitCents)
        }
        self.quantity = quantity
        self.unitCents = unitCents
    }

    /// Nil when it does not fit an integer, which a line of today's limits always does.
    public var totalCents: Int? {
        let (cents, overflow) = quantity.multipliedReportingOverflow(by: unitCents)
        return overflow ? nil : cents
    }
}
