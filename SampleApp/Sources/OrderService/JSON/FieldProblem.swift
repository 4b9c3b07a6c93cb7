import OrderDomain

/// What is wrong with what a client sent, and where.
struct FieldProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What programs switch over.
    enum Code: String, Sendable {
        case malformedJSON = "malformed_json"
        case missingField = "missing_field"
        case unknownField = "unknown_field"
        case wrongType = "wrong_type"
        case invalidValue = "invalid_value"
    }

    let code: Code
    /// The path from the top, such as `lines[1].quantity`; nil when the whole is at fault.
    let field: String?
    /// What was expected and what was found.
    let message: String

    var description: String { (field.map { $0 + ": " } ?? "") + message }
}

extension FieldProblem {
    init(_ flaw: OrderFlaw) {
        self.init(code: .invalidValue, field: flaw.field, message: flaw.problem)
    }
}
