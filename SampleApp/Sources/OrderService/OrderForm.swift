import FoundationEssentials
import Martlet
import OrderDomain

/// An order as a client writes it: `{"id", "customer", "placedAt"?, "lines": [{"sku", "name", "quantity", "unitCents"}]}`.
struct OrderForm: Sendable {
    let id: Order.ID
    /// Placed at the time that the client gave, or else now.
    let details: OrderDetails
    /// Whether the client left the time to us; then sending the form again means the same order.
    let isTimeOurs: Bool

    /// Takes the members of an order and leaves others in `fields`.
    init(_ fields: inout Fields, now: Date) throws(FieldProblem) {
        let id = try fields.string("id")
        let customer = try fields.string("customer")
        let placedAt = try fields.optionalTime("placedAt")
        let lines = try fields.objects("lines") { line throws(FieldProblem) in try OrderLine(&line) }
        do throws(OrderFlaw) {
            self.id = try Order.id(id)
            details = try OrderDetails(customer: customer, placedAt: placedAt ?? now, lines: lines)
        } catch { throw fields.problem(error) }
        isTimeOurs = placedAt == nil
    }

    /// The details to compare with an order that is there already.
    func details(against known: OrderDetails) -> OrderDetails {
        isTimeOurs ? details.placed(when: known) : details
    }
}

extension OrderLine {
    fileprivate init(_ fields: inout Fields) throws(FieldProblem) {
        let sku = try fields.string("sku")
        let name = try fields.string("name")
        let quantity = try fields.integer("quantity")
        let unitCents = try fields.integer("unitCents")
        do throws(OrderFlaw) {
            try self.init(sku: sku, name: name, quantity: quantity, unitCents: unitCents)
        } catch { throw fields.problem(error) }
    }
}
