#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `A client that goes away` {
    @Test(arguments: ["G", "GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc"])
    func `in the middle of its request takes nothing with it`(text: String) async throws {
        try await withServer(handler: echo) { server in
            for _ in 0..<20 {
                try await blocking {
                    let client = try RawClient(port: server.port)
                    try client.send(text)
                    client.reset()
                }
            }
            #expect(try await get("/", port: server.port).status == 200)
        }
    }

    @Test(arguments: [true, false])
    func `while its handler works leaves the handler to finish`(resets: Bool) async throws {
        let (started, release, finished) = (Signal(), Signal(), Signal())
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            guard request.path == ["slow"] else { return .text("quick") }
            started.fire()
            await release.wait()
            finished.fire()
            return .text(String(repeating: "x", count: 1_000_000))
        }
        try await withServer(handler: handler) { server in
            let client = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
                return client
            }
            await started.wait()
            if resets { client.reset() }
            client.finishSending()
            _ = consume client
            release.fire()
            await finished.wait()
            #expect(try await get("/", port: server.port).body == "quick")
        }
    }

    @Test func `before it has read its response does not hold up the stop`() async throws {
        let body = [UInt8](repeating: 0, count: 10_000_000)
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in HTTPResponse(body: body) }
        try await withServer(handler: handler) { server in
            try await blocking {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n")
                client.reset()
            }
        }
    }
}
#endif
