import Foundation
import Martlet
import MartletCLI
import OrderDomain
import Synchronization

/// Brings orders to a service over its HTTP API.
struct ServiceDestination: OrderDestination {
    private let address: ServiceAddress
    private let idle = IdleConnections()

    /// - Throws: `UsageError` when the text is no URL of a service.
    init(url: String) throws(UsageError) {
        address = try ServiceAddress(url: url)
    }

    func deliver(_ order: ImportedOrder) async throws(DeliveryError) -> Delivery {
        let form = order.form
        let (placed, status) = try await post(PlacingBody(form), to: "orders")
        var last = placed
        for step in order.steps {
            let path = "orders/\(form.id.key.asPathSegment)/\(step.kind.resource)"
            last = try await post(StepBody(step.command), to: path).state
        }
        return Delivery(isNew: status == 201, position: GlobalPosition(rawValue: last.position))
    }

    func readModelPosition() async throws(DeliveryError) -> GlobalPosition {
        let answer = try await ask("GET", "health")
        guard answer.status == 200 else { throw .away("the service says: status \(answer.status)") }
        let report = try decode(HealthCheck.Report.self, answer, from: "health")
        return GlobalPosition(rawValue: report.projections.map(\.position).min() ?? 0)
    }

    private func post(
        _ body: some Encodable, to path: String
    ) async throws(DeliveryError) -> (state: OrderState, status: Int) {
        let json: String
        do { json = try body.json } catch { throw .broken("\(error)") }
        let answer = try await ask("POST", path, body: json)
        guard (200...299).contains(answer.status) else { throw DeliveryError(refusal: answer, by: address) }
        return (try decode(OrderState.self, answer, from: path), answer.status)
    }

    private func ask(_ method: String, _ path: String, body: String = "") async throws(DeliveryError) -> ServiceAnswer {
        let request = """
            \(method) \(address.prefix)/\(path) HTTP/1.1\r
            Host: \(address.authority)\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            \r
            \(body)
            """
        let connection = idle.take() ?? ServiceConnection(to: address)
        do {
            let answer = try await connection.exchange(Array(request.utf8))
            idle.give(connection)
            return answer
        } catch let lost as ServiceConnection.Lost {
            throw .away("no answer from \(address): \(lost.reason)")
        } catch let malformed as ServiceAnswer.Malformed {
            throw .broken("expected an order service at \(address), found \(malformed.problem)")
        } catch { throw .broken("\(error)") }
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type, _ answer: ServiceAnswer, from path: String
    ) throws(DeliveryError) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(answer.body)) } catch {
            throw .broken("expected an order service at \(address), found another answer to /\(path)")
        }
    }
}

/// The connections that no request uses now; there are never more than orders are on their way at once.
private final class IdleConnections: Sendable {
    private let connections = Mutex<[ServiceConnection]>([])

    func take() -> ServiceConnection? { connections.withLock { $0.popLast() } }

    func give(_ connection: ServiceConnection) { connections.withLock { $0.append(connection) } }
}

extension DeliveryError {
    /// What a status other than 2xx means for the delivery.
    fileprivate init(refusal answer: ServiceAnswer, by address: ServiceAddress) {
        struct Refusal: Decodable {
            struct Reason: Decodable {
                let message: String
                let field: String?
            }
            let error: Reason
        }
        do {
            let reason = try JSONDecoder().decode(Refusal.self, from: Data(answer.body)).error
            let problem = (reason.field.map { $0 + ": " } ?? "") + reason.message
            self = answer.status >= 500 ? .away("the service says: \(problem)") : .refused(problem)
        } catch {
            let problem = "expected an order service at \(address), found status \(answer.status)"
            self = (502...504).contains(answer.status) ? .away(problem) : .broken(problem)
        }
    }
}
