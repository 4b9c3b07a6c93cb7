#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `A server that is cancelled` {
    @Test func `finishes the request in flight, whose handler does not see the cancellation`() async throws {
        let (started, release) = (Signal(), Signal())
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            started.fire()
            await release.wait()
            return .text(Task.isCancelled ? "cancelled" : "finished")
        }
        try await withServer(handler: handler) { server in
            async let response = get("/", port: server.port)
            await started.wait()
            server.cancel()
            release.fire()
            let body = try await response.body
            #expect(body == "finished")
            await server.stopped.wait()
        }
    }

    @Test func `refuses new connections and new requests meanwhile`() async throws {
        let (started, release) = (Signal(), Signal())
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            guard request.path == ["slow"] else { return .text("quick") }
            started.fire()
            await release.wait()
            return .text("slow")
        }
        try await withServer(handler: handler) { server in
            let kept = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                _ = try client.readResponse()
                return client
            }
            async let slow = get("/slow", port: server.port)
            await started.wait()
            server.cancel()
            let (refused, fresh) = try await blocking {
                try kept.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                let fresh = try RawClient(port: server.port)
                return (try kept.readResponse(), try fresh.readToEnd())
            }
            #expect(refused.status == 503)
            #expect(refused.body.contains("\"stopping\""))
            #expect(fresh == "")
            release.fire()
            let body = try await slow.body
            #expect(body == "slow")
        }
    }

    @Test(arguments: [Duration.zero, .milliseconds(50)])
    func `cancels the handlers that outlast the grace time and closes their connections`(grace: Duration)
        async throws
    {
        let (started, cancelled) = (Signal(), Signal())
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            started.fire()
            await Signal().wait()
            if Task.isCancelled { cancelled.fire() }
            return .text("too late")
        }
        try await withServer(limits: HTTPLimits(grace: grace), handler: handler) { server in
            async let answer = blocking {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                return try client.readToEnd()
            }
            await started.wait()
            server.cancel()
            let received = try await answer
            #expect(received == "")
            await cancelled.wait()
            await server.stopped.wait()
        }
    }

    @Test func `closes idle and half-sent connections at once`() async throws {
        try await withServer(handler: echo) { server in
            let clients = try await blocking {
                let clients = [try RawClient(port: server.port), try RawClient(port: server.port)]
                try clients[0].send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                _ = try clients[0].readResponse()
                try clients[1].send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc")
                return clients
            }
            server.cancel()
            await server.stopped.wait()
            #expect(try await blocking { try clients.map { try $0.readToEnd() } } == ["", ""])
        }
    }

    @Test(arguments: 0..<20)
    func `lets each of many late answers race the end of the grace time`(round: Int) async throws {
        let (arrivals, arrive) = AsyncStream<Void>.makeStream()
        let release = Signal()
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            arrive.yield()
            await release.wait()
            // So that the answers spread over the time in which the server stops.
            for _ in 0..<(request.path.first.flatMap { Int($0) } ?? 0) * round { await Task.yield() }
            return .text("done")
        }
        try await withServer(limits: HTTPLimits(grace: .zero), handler: handler) { server in
            let clients = try await blocking { try requests(count: 100, port: server.port) }
            for await _ in arrivals.prefix(100) {}
            server.cancel()
            release.fire()
            await server.stopped.wait()
            let answers = try await blocking { try clients.map { try $0.readToEnd() } }
            #expect(answers.allSatisfy { $0.isEmpty || $0.hasSuffix("done") })
        }
    }

    @Test func `before it runs returns at once`() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await HTTPServer(port: 0, handler: echo).run()
        }
        try await task.value
    }

    @Test func `leaves its port free for the next`() async throws {
        for _ in 0..<3 {
            try await withServer(handler: echo) { server in
                _ = try await get("/", port: server.port)
                server.cancel()
                await server.stopped.wait()
                let next = Task { try await HTTPServer(port: server.port, handler: echo).run() }
                next.cancel()
                try await next.value
            }
        }
    }
}

/// That many connections, each with one request sent.
private func requests(count: Int, port: UInt16) throws -> [RawClient] {
    try (0..<count).map { number in
        let client = try RawClient(port: port)
        try client.send("GET /\(number) HTTP/1.1\r\nHost: t\r\n\r\n")
        return client
    }
}

@Suite struct `A server that cannot listen` {
    @Test func `names the address in use`() async throws {
        try await withServer(handler: echo) { server in
            let error = await #expect(throws: HTTPServerError.self) {
                try await HTTPServer(port: server.port, handler: echo).run()
            }
            #expect(error == .addressInUse(host: "127.0.0.1", port: server.port))
            #expect(
                error?.description
                    == "address \"127.0.0.1\" port \(server.port): expected a free port, found one in use")
        }
    }

    @Test(arguments: ["localhost", "", "1.2.3.4.5", "127.0.0.1\0"])
    func `takes addresses only`(host: String) async {
        await #expect(throws: HTTPServerError.invalidHost(host)) {
            try await HTTPServer(host: host, port: 0, handler: echo).run()
        }
    }

    @Test func `says why an address of another machine is refused`() async {
        let error = await #expect(throws: HTTPServerError.self) {
            try await HTTPServer(host: "192.0.2.1", port: 0, handler: echo).run()
        }
        #expect(error?.description.hasPrefix("address \"192.0.2.1\" port 0: cannot listen: ") == true)
    }
}
#endif
