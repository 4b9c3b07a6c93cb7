import FoundationEssentials
import OrderDomain

// What others read: shapes of their own, so that the shop's events may change without them. A field is added as an
// optional one; anything else gets a type with the next number.

struct OrderPlaced: Encodable {
    let order: String
    let customer: String
    let totalCents: Int
    let items: Int
    let at: Date

    init(_ order: String, _ details: OrderDetails) {
        (self.order, customer, totalCents) = (order, details.customer, details.totalCents)
        (items, at) = (details.itemCount, details.placedAt)
    }
}

struct OrderPaid: Encodable {
    let order: String
    let cents: Int
    let at: Date
}

struct OrderShipped: Encodable {
    let order: String
    let at: Date
}

struct OrderCompleted: Encodable {
    let order: String
    let cents: Int
    let at: Date
}

struct OrderCancelled: Encodable {
    let order: String
    let reason: String
    let refundedCents: Int
    let at: Date
}
