#if HTTP
/// A small HTTP/1.1 server: plain TCP, whole requests in and whole responses out.
///
/// ```swift
/// let server = HTTPServer(port: 8080) { request in await router.respond(to: request) }
/// try await server.run()
/// ```
///
/// It speaks no TLS and does not authenticate: put it behind a proxy, or on loopback.
public struct HTTPServer: Sendable {
    public let host: String
    /// The port to bind; 0 takes any free one, which ``run(onListening:)`` reports.
    public let port: UInt16
    public let limits: HTTPLimits
    private let handler: @Sendable (HTTPRequest) async -> HTTPResponse

    /// Describes a server; nothing is opened before ``run(onListening:)``.
    ///
    /// - Parameters:
    ///   - host: the IPv4 or IPv6 address to listen on; `0.0.0.0` and `::` are all of the machine's.
    ///   - port: the TCP port; 0 takes any free one.
    ///   - limits: what clients are granted.
    ///   - handler: answers a request. Handlers run at the same time, each in a child task, also when their client
    ///     is gone. Their time is not limited; when the server stops it cancels those that outlast the grace time.
    public init(
        host: String = "127.0.0.1", port: UInt16, limits: HTTPLimits = HTTPLimits(),
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.host = host
        self.port = port
        self.limits = limits
        self.handler = handler
    }

    /// Serves until its task is cancelled, and returns when everything is closed.
    ///
    /// Cancelling it refuses new connections and requests, and waits until the requests in flight are answered and
    /// sent. After ``HTTPLimits/grace`` it cancels their handlers, closes their connections without an answer, and
    /// returns once the handlers have returned. Handlers do not see the cancellation before that.
    ///
    /// - Parameter onListening: called once with the bound port, when clients can connect.
    /// - Throws: ``HTTPServerError`` if it cannot listen; nothing afterwards.
    public func run(onListening: @Sendable (UInt16) -> Void = { _ in }) async throws {
        let traffic = Traffic(limits: limits)
        let socket = try ListeningSocket(host: host, port: port)
        let daemon = try start(on: socket, traffic: traffic)
        // Not a child of this task: its cancellation would reach the handlers at once, and there is no other way to
        // keep it from them. It is awaited below, whatever happens, so it never outlives this call.
        let serving = Task { await serve(traffic, on: daemon) }
        onListening(socket.port)
        await withTaskCancellationHandler {
            await serving.value
        } onCancel: {
            traffic.stopAccepting()
        }
    }

    private func start(on socket: ListeningSocket, traffic: Traffic) throws(HTTPServerError) -> MicroHTTPDaemon {
        do throws(MicroHTTPDaemon.StartFailure) {
            return try MicroHTTPDaemon(on: socket, traffic: traffic)
        } catch {
            throw .cannotListen(host: host, port: port, reason: "libmicrohttpd did not start")
        }
    }

    private func serve(_ traffic: Traffic, on daemon: MicroHTTPDaemon) async {
        await withDiscardingTaskGroup { handlers in
            for await submission in traffic.submissions {
                handlers.addTask {
                    traffic.answer(submission.exchange, with: await handler(submission.request))
                }
            }
            if await !isDrained(traffic, within: limits.grace) {
                traffic.abandonUnanswered()
                handlers.cancelAll()
            }
            daemon.stop()
        }
    }

    private func isDrained(_ traffic: Traffic, within grace: Duration) async -> Bool {
        await withTaskGroup { race in
            race.addTask {
                for await _ in traffic.drained {}
                return true
            }
            race.addTask {
                // It throws when it is cancelled, which is when the other child has won.
                do { try await Task.sleep(for: grace) } catch { return true }
                return false
            }
            defer { race.cancelAll() }
            return await race.next() ?? true
        }
    }
}
#endif
