import Martlet
import MartletHTTP
import OrderDomain
import OrderReadModel

extension OrdersAPI {
    /// One order from the read model.
    func show(_ key: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        try await awaitPosition(of: request)
        guard let order = try await queries.order(try id(key)) else { throw Order.Rejection.notPlaced }
        return try HTTPResponse(encoding: order)
    }

    /// A page of orders, the newest first: `?status=paid&limit=20&after=…`, where `after` is the last page's `next`.
    func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = try ListQuery(request.query)
        try await awaitPosition(of: request)
        let page = try await queries.orders(query.status, before: query.after, limit: query.limit + 1)
        let orders = Array(page.prefix(query.limit))
        let next = page.count > query.limit ? orders.last?.placedPosition : nil
        return try HTTPResponse(encoding: OrderPage(orders: orders, next: next))
    }

    /// Waits a moment for the orders' read model, and no other, to reach the position that the request names.
    private func awaitPosition(of request: HTTPRequest) async throws {
        let name = Self.positionHeader
        guard let text = request.headers[name] else { return }
        guard let number = Int64(text), number >= 0 else {
            throw FieldProblem(code: .invalidValue, field: name, message: "expected a position, found \(text.excerpt)")
        }
        let position = GlobalPosition(rawValue: number)
        guard try await application.projection(OrderSummaries.self).caughtUp(to: position, within: .seconds(2)) else {
            throw ReadModelBehind(position: position)
        }
    }
}

/// The read model did not reach a position in time.
struct ReadModelBehind: Error {
    let position: GlobalPosition
}

/// A page of a list; without `next` it is the last.
struct OrderPage: Codable {
    let orders: [OrderSummary]
    let next: Int64?
}

/// What a list is asked for.
private struct ListQuery {
    var status: OrderStatus?
    var limit = 50
    var after: GlobalPosition?

    init(_ query: HTTPQuery) throws(FieldProblem) {
        for field in query.fields {
            switch field.name {
            case "status": status = try Self.parse(field, "a status (\(Self.statuses))") { OrderStatus(rawValue: $0) }
            case "limit":
                limit = try Self.parse(field, "1 to 500") { text in
                    Int(text).flatMap { (1...500).contains($0) ? $0 : nil }
                }
            case "after":
                after = try Self.parse(field, "the last page's \"next\"") {
                    Int64($0).map(GlobalPosition.init(rawValue:))
                }
            default:
                throw FieldProblem(
                    code: .unknownField, field: field.name,
                    message: "expected only status, limit, after, found \(field.name.excerpt)")
            }
        }
    }

    private static let statuses = OrderStatus.allCases.map(\.rawValue).joined(separator: ", ")

    private static func parse<Value>(
        _ field: HTTPField, _ expected: String, _ read: (String) -> Value?
    ) throws(FieldProblem) -> Value {
        guard let value = read(field.value) else {
            throw FieldProblem(
                code: .invalidValue, field: field.name, message: "expected \(expected), found \(field.value.excerpt)")
        }
        return value
    }
}
