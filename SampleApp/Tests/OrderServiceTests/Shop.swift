import Foundation
import Martlet
import MartletHTTP
import MartletTesting
import Testing

@testable import OrderService

extension Tag {
    @Tag static var database: Self
    @Tag static var slow: Self
}

/// A shop for one test: its API on a database of its own.
struct Shop: Sendable {
    let database: ThrowawayDatabase
    let application: Application
    let router: Router

    static let noon = Date(timeIntervalSince1970: 1_790_000_000)

    /// Makes a shop whose read models are built while `body` runs.
    static func open(_ body: (Shop) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let application = OrderApplication.on(database.configuration, connections: 8)
            try await application.migrate()
            let running = Task { try await application.run() }
            defer { running.cancel() }
            try await body(Shop(database: database, application: application, router: OrdersAPI(application).router))
        }
    }

    func post(_ path: String, _ body: String) async throws -> Answer {
        try await router.answer(.post, path, body: Array(body.utf8))
    }

    func get(_ path: String, headers: HTTPHeaders = [:]) async throws -> Answer {
        try await router.answer(.get, path, headers: headers)
    }

    /// Reads at a position as a client does: again when it is told that the read model is behind, for a minute.
    func get(_ path: String, at position: String) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let answer = try await get(path, headers: ["Martlet-Position": position])
            if answer.error("code") != "read_model_behind" || ContinuousClock.now > deadline { return answer }
        }
    }

    /// Waits until the log has come to a position: sooner than a read model says so on a busy machine.
    func reach(_ position: GlobalPosition) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await application.store.head() < position {
            try #require(ContinuousClock.now < deadline, "the log did not come to \(position) within two minutes")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until the read models have seen the whole log.
    func catchUp() async throws {
        let head = try await application.store.head()
        try #require(try await application.caughtUp(to: head, within: .seconds(60)))
    }
}

extension Router {
    func answer(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) async throws -> Answer {
        let response = await respond(to: try HTTPRequest(method, path, headers: headers, body: body))
        let members = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
        return Answer(status: response.status, headers: response.headers, members: members ?? [:])
    }
}

/// A response with its JSON object.
struct Answer {
    let status: HTTPStatus
    let headers: HTTPHeaders
    let members: [String: Any]

    func text(_ name: String) -> String? { members[name] as? String }

    func number(_ name: String) -> Int? { members[name] as? Int }

    func list(_ name: String) -> [[String: Any]] { members[name] as? [[String: Any]] ?? [] }

    /// A member of `{"error": …}`.
    func error(_ name: String) -> String? { (members["error"] as? [String: Any])?[name] as? String }
}

/// The body of `POST /orders`.
func orderBody(_ id: String, customer: String = "Ada", quantity: Int = 2, placedAt: String? = "2026-10-25T10:00:00Z")
    -> String
{
    let time = placedAt.map { "\"placedAt\":\"\($0)\"," } ?? ""
    return """
        {"id":"\(id)","customer":"\(customer)",\(time)
        "lines":[{"sku":"TEA","name":"Earl Grey","quantity":\(quantity),"unitCents":790}]}
        """
}
