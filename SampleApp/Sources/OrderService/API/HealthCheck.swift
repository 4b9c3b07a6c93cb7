import Martlet
import MartletHTTP

/// How the service is doing; asks the database through a connection of its own, so that busy ones do not delay it.
struct HealthCheck: Sendable {
    private let application: Application
    private let probe: ConnectionPool

    init(_ application: Application) {
        self.application = application
        probe = ConnectionPool(application.pool.configuration, size: 1, patience: .seconds(1))
    }

    /// What `GET /health` tells.
    struct Report: Codable, Sendable {
        enum Status: String, Codable {
            case ok = "ok"
            /// Commands work; a read model or the fulfilments do not go on, or not with every key.
            case degraded = "degraded"
            case unavailable = "unavailable"
        }

        struct Database: Codable, Sendable {
            let isUp: Bool
            /// Why it is not up; nil when it is.
            let problem: String?
        }

        struct Projection: Codable, Sendable {
            let name: String
            /// `running`, `paused`, `stopped`, or `awaiting rebuild`.
            let state: String
            let position: Int64
            /// Events that are still before it.
            let lag: Int64
            /// How long ago the first of these was recorded.
            let lagSeconds: Double
            /// Keys of which an event could not be projected; their later events wait.
            let parkedKeys: Int
            let lastError: String?

            /// Why it does not go on as it should; nil when it does.
            var problem: String? {
                if let lastError { return lastError }
                if parkedKeys > 0 { return "\(parkedKeys) keys are parked" }
                return state == "running" ? nil : "it is \(state)"
            }
        }

        /// How the orders' fulfilments keep up.
        struct Fulfilment: Codable, Sendable {
            /// `running`, `paused` or `stopped`.
            let state: String
            /// Why they are not running, or what keeps them from reading on.
            let lastError: String?
            /// Events that are still before them.
            let lag: Int64
            let open: Int
            /// Commands and calls that have not arrived.
            let outgoing: Int
            /// What waits for an operator.
            let parked: Int

            /// Why they do not go on as they should; nil when they do.
            var problem: String? {
                if state != "running" { return "they are \(state)" + (lastError.map { ": \($0)" } ?? "") }
                return lastError ?? (parked > 0 ? "\(parked) of their steps or orders are parked" : nil)
            }
        }

        let status: Status
        let database: Database
        let projections: [Projection]
        /// Nil when this service leaves them to others.
        let fulfilment: Fulfilment?
        let pendingMigrations: [String]
    }

    /// 200 when orders are taken, else 503.
    func response() async -> HTTPResponse {
        let report = await report()
        do {
            var response = try HTTPResponse(
                encoding: report, status: report.status == .unavailable ? .serviceUnavailable : .ok)
            if report.status == .unavailable { response.headers["Retry-After"] = "1" }
            return response
        } catch { return HTTPResponse(refusing: error) }
    }

    func report() async -> Report {
        do {
            try await probe.query("SELECT 1")
            let pending = try await OrderApplication.pendingMigrations(application)
            return try await report(pending: pending)
        } catch { return .unavailable("\(error)".onOneLine) }
    }

    private func report(pending: [String]) async throws -> Report {
        // Its tables are not there to be asked.
        guard pending.isEmpty else {
            return Report(
                status: .unavailable, database: .init(isUp: true, problem: nil), projections: [], fulfilment: nil,
                pendingMigrations: pending)
        }
        let projections = try await application.projectionStatuses().map(Report.Projection.init)
        let fulfilment = application.processes.isEmpty ? nil : try await Report.Fulfilment(application)
        let problems = projections.map(\.problem) + [fulfilment?.problem]
        return Report(
            status: problems.allSatisfy { $0 == nil } ? .ok : .degraded, database: .init(isUp: true, problem: nil),
            projections: projections, fulfilment: fulfilment, pendingMigrations: [])
    }
}

extension HealthCheck.Report.Projection {
    fileprivate init(_ status: ProjectionStatus) {
        (name, position, lag) = (status.name, status.position.rawValue, status.lag)
        lagSeconds = status.lagTime / .seconds(1)
        (parkedKeys, lastError, state) = (status.parkedKeys, status.lastError, status.state.name)
    }
}

extension HealthCheck.Report.Fulfilment {
    fileprivate init(_ application: Application) async throws {
        let standing = try await FulfilmentStanding(application)
        (state, lastError) = (standing.state, standing.problem)
        (lag, open, outgoing, parked) = (standing.lag, standing.open, standing.outgoing, standing.parked)
    }
}

extension HealthCheck.Report {
    fileprivate static func unavailable(_ problem: String) -> Self {
        Self(
            status: .unavailable, database: .init(isUp: false, problem: problem), projections: [],
            fulfilment: nil, pendingMigrations: [])
    }
}
