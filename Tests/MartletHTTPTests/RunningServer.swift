#if HTTP
@testable import MartletHTTP

/// A server on a free port; leaving ``withServer(limits:handler:body:)`` stops it.
struct RunningServer: Sendable {
    let port: UInt16
    /// Begins to stop the server, without waiting for it.
    let cancel: @Sendable () -> Void
    /// Fires when `run` has returned.
    let stopped: Signal
}

func withServer(
    limits: HTTPLimits = HTTPLimits(), handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
    body: (RunningServer) async throws -> Void
) async throws {
    let (ports, listening) = AsyncStream<UInt16>.makeStream()
    let stopped = Signal()
    let run = Task {
        defer {
            stopped.fire()
            listening.finish()
        }
        try await HTTPServer(port: 0, limits: limits, handler: handler).run { port in listening.yield(port) }
    }
    for await port in ports {
        let server = RunningServer(port: port, cancel: { run.cancel() }, stopped: stopped)
        do {
            try await body(server)
        } catch {
            run.cancel()
            throw error
        }
        run.cancel()
        break
    }
    try await run.value
}

/// Answers with what the request held, one thing a line.
@Sendable func echo(_ request: HTTPRequest) async -> HTTPResponse {
    let query = request.query.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    let body = String(decoding: request.body, as: UTF8.self)
    return .text("\(request.method) \(request.path) \(query) \(request.headers["x-test"] ?? "-") \(body)")
}
#endif
