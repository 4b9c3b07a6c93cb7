import Foundation
import FoundationNetworking
import Martlet
import MartletCLI
import OrderDomain

/// Brings orders to a service over its HTTP API.
struct ServiceDestination: OrderDestination {
    private let base: URL
    private let session: URLSession

    /// - Parameter connections: the most that are open at once; each is used again and again.
    /// - Throws: `UsageError` when the text is no URL of a service.
    init(url text: String, connections: Int) throws(UsageError) {
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host?.isEmpty == false else {
            throw UsageError("option \"--url\": expected a URL such as http://127.0.0.1:8080, found \(text.excerpt)")
        }
        base = url
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = connections
        configuration.timeoutIntervalForRequest = 30
        session = URLSession(configuration: configuration)
    }

    func deliver(_ order: ImportedOrder) async throws(DeliveryError) -> Delivery {
        let form = PlacingBody(order.form)
        let (placed, status) = try await post(form, to: ["orders"])
        var last = placed
        for step in order.steps {
            last = try await post(StepBody(step.command), to: ["orders", form.id, step.kind.resource]).state
        }
        return Delivery(isNew: status == 201, position: GlobalPosition(rawValue: last.position))
    }

    func readModelPosition() async throws(DeliveryError) -> GlobalPosition {
        let (body, status) = try await send(URLRequest(url: url(["health"])))
        guard status == 200 else { throw .away("the service says: \(Self.problem(body) ?? "status \(status)")") }
        do {
            let report = try JSONDecoder().decode(HealthCheck.Report.self, from: body)
            return GlobalPosition(rawValue: report.projections.map(\.position).min() ?? 0)
        } catch { throw .broken("expected an order service at \(base), found another answer to /health") }
    }

    private func post(
        _ body: some Encodable, to path: [String]
    ) async throws(DeliveryError) -> (state: OrderState, status: Int) {
        var request = URLRequest(url: url(path))
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        do { request.httpBody = try JSONEncoder.service.encode(body) } catch { throw .broken("\(error)") }
        let (answer, status) = try await send(request)
        guard (200...299).contains(status) else { throw Self.failure(status, answer, at: base) }
        do { return (try JSONDecoder().decode(OrderState.self, from: answer), status) } catch {
            throw .broken(
                "expected an order service at \(base), found another answer to \(path.joined(separator: "/"))")
        }
    }

    private func send(_ request: URLRequest) async throws(DeliveryError) -> (Data, Int) {
        do {
            let (body, response) = try await session.data(for: request)
            return (body, (response as? HTTPURLResponse)?.statusCode ?? 0)
        } catch { throw .away("no answer from \(base): \(error.localizedDescription)") }
    }

    private func url(_ path: [String]) -> URL {
        let text = base.absoluteString
        let root = text.hasSuffix("/") ? text.dropLast() : text[...]
        return URL(string: root + "/" + path.map(\.asPathSegment).joined(separator: "/")) ?? base
    }

    private static func failure(_ status: Int, _ body: Data, at base: URL) -> DeliveryError {
        guard let problem = problem(body) else {
            return status >= 500
                ? .away("status \(status)") : .broken("expected an order service at \(base), found status \(status)")
        }
        switch status {
        case 500...: return .away("the service says: \(problem)")
        case 408, 429: return .away("the service says: \(problem)")
        default: return .refused(problem)
        }
    }

    /// What a refusal of the service says, or nil when the body is none.
    private static func problem(_ body: Data) -> String? {
        struct Refusal: Decodable {
            struct Reason: Decodable {
                let code: String
                let message: String
                let field: String?
            }
            let error: Reason
        }
        do {
            let reason = try JSONDecoder().decode(Refusal.self, from: body).error
            return (reason.field.map { $0 + ": " } ?? "") + reason.message
        } catch { return nil }
    }
}

/// The body of `POST /orders`.
private struct PlacingBody: Encodable {
    let id: String
    let customer: String
    let placedAt: Date?
    let lines: [OrderLine]

    init(_ form: OrderForm) {
        id = form.id.key
        customer = form.details.customer
        placedAt = form.isTimeOurs ? nil : form.details.placedAt
        lines = form.details.lines
    }
}

/// The body of a step's request.
private struct StepBody: Encodable {
    let at: Date?
    let reason: String?

    init(_ command: Order.Command) {
        switch command {
        case .place: (at, reason) = (nil, nil)
        case .pay(let time), .ship(let time): (at, reason) = (time, nil)
        case .cancel(let why, let time): (at, reason) = (time, why)
        }
    }
}
