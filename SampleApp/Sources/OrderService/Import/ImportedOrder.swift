import FoundationEssentials
import OrderDomain

/// One line of an import: an order, and what was done to it since, as
/// `{"id", "customer", "placedAt", "lines", "steps": [{"do": "pay" | "ship" | "cancel" | "fulfil", "at", "reason"}]}`.
struct ImportedOrder: Sendable {
    struct Step: Sendable {
        let kind: OrderStep
        let command: Order.Command
    }

    let form: OrderForm
    private(set) var steps: [Step]

    /// Reads a line, and tries it on an order that exists nowhere: a line with a step that the order's own rules refuse
    /// is refused whole, before anything of it is sent.
    init(line: [UInt8], now: Date = Date()) throws(FieldProblem) {
        var fields = try Fields(json: line)
        form = try OrderForm(&fields, now: now)
        steps =
            fields.has("steps")
            ? try fields.objects("steps") { step throws(FieldProblem) in try Step(&step, now: now) } : []
        try fields.end()
        try rehearse()
    }

    /// The same order with nothing done to it but its fulfilment requested, as soon as it was placed.
    var requestingFulfilment: ImportedOrder {
        var order = self
        order.steps = [Step(kind: .fulfil, command: .fulfil(at: form.details.placedAt))]
        return order
    }

    /// The same order with a customer who then wants to cancel it.
    var cancelling: ImportedOrder {
        var order = self
        order.steps.append(
            Step(kind: .cancel, command: .cancel(reason: "ordered by mistake", at: form.details.placedAt)))
        return order
    }

    private func rehearse() throws(FieldProblem) {
        var order = Order()
        order.apply(.placed(form.details))
        for (index, step) in steps.enumerated() {
            do throws(Order.Rejection) {
                for event in try order.decide(step.command) { order.apply(event) }
            } catch {
                throw FieldProblem(code: .invalidValue, field: "steps[\(index)]", message: error.description)
            }
        }
    }
}

extension ImportedOrder.Step {
    fileprivate init(_ fields: inout Fields, now: Date) throws(FieldProblem) {
        let name = try fields.string("do")
        guard let kind = OrderStep(rawValue: name) else {
            let steps = OrderStep.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.invalid("do", "expected one of \(steps), found \(name.excerpt)")
        }
        self.kind = kind
        command = try kind.command(&fields, now: now)
    }
}
