import Martlet
import MartletCLI
import MartletHTTP

/// The command `serve`: the HTTP API beside the projections and the fulfilments, until SIGINT or SIGTERM.
struct ServeCommand: Sendable {
    static let syntax = CommandSyntax(
        "serve", "answers HTTP requests, fulfils orders and keeps the read models up to date until Ctrl-C",
        options: [
            .value("host", "ADDRESS", "the address to listen on (default: 127.0.0.1)"),
            .value("port", "PORT", "the port to listen on; 0 takes a free one (default: 8080)"),
            .value("port-file", "FILE", "write the port here once it listens"),
            .value("lease", "MS", "how long what a killed service has worked on waits for another (default: 5000)"),
        ] + SimulatedProviders.options,
        examples: [
            .init("serve"), .init("serve --port 0 --port-file service.port", "for a script"),
            .init("serve --declined 5% --undeliverable 3%", "on a bad day"),
            .init("serve --silent 0.02 --provider-timeout 500 --provider-attempts 3", "who is silent is given up soon"),
        ])

    private let application: Application
    private let host: String
    private let port: UInt16
    private let portFile: String?

    init(_ arguments: Arguments, on postgres: PostgresConfiguration) throws(UsageError) {
        application = OrderApplication.on(
            postgres, lease: .milliseconds(try arguments.integer("lease", in: 500...600_000) ?? 5000),
            providers: try SimulatedProviders(arguments))
        host = arguments["host"] ?? "127.0.0.1"
        port = UInt16(clamping: try arguments.integer("port", in: 0...65_535) ?? 8080)
        portFile = arguments["port-file"]
    }

    /// Requests in flight are answered before the projections stop.
    func run() async throws -> ExitCode {
        let api = OrdersAPI(application)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve(api.router) }
            group.addTask { try await application.run() }
            group.addTask { try await HealthWatch(health: api.health).run() }
            defer { group.cancelAll() }
            try await group.next()
            return .success
        }
    }

    private func serve(_ router: Router) async throws {
        let server = HTTPServer(host: host, port: port, limits: HTTPLimits(grace: .seconds(10))) { request in
            await router.respond(to: request)
        }
        let signals = StopSignals()
        defer { signals.close() }
        let stop = signals.stream
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { port in announce(port) } }
            group.addTask {
                for await _ in stop {
                    StandardStream.error.writeLine("order-service: stopping")
                    return
                }
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func announce(_ port: UInt16) {
        StandardStream.error.writeLine("order-service: listening on http://\(host):\(port)")
        guard let portFile else { return }
        do throws(FileError) { try PortFile.write(port, to: portFile) } catch {
            StandardStream.error.writeLine("order-service: \(error)")
        }
    }
}
