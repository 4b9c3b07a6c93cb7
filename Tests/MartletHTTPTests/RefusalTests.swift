#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `A server refuses` {
    @Test(arguments: ["", "Expect: 100-continue\r\n"])
    func `an announced body over the limit`(expectation: String) async throws {
        try await withServer(handler: echo) { server in
            let response = try await exchange(
                "POST / HTTP/1.1\r\nHost: t\r\n\(expectation)Content-Length: 2000000\r\n\r\n", port: server.port)
            #expect(response.status == 413)
            #expect(response.headers["content-type"] == "application/json")
            #expect(
                response.body == """
                    {"error":{"code":"body_too_large",\
                    "message":"expected at most 1048576 bytes, found 2000000","field":null}}
                    """)
        }
    }

    @Test func `a chunked body as soon as it is over the limit`() async throws {
        try await withServer(limits: HTTPLimits(maximumBody: 100), handler: echo) { server in
            let text = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
                // Unfinished: the answer cannot wait for the end.
                try client.send("65\r\n" + String(repeating: "x", count: 101))
                return try client.readToEnd()
            }
            #expect(text.hasPrefix("HTTP/1.1 413 "))
            #expect(text.hasSuffix(#""message":"expected at most 100 bytes, found more","field":null}}"#))
        }
    }

    @Test func `an endless chunked body, and closes the connection`() async throws {
        try await withServer(handler: echo) { server in
            let sent = try await blocking {
                let client = try RawClient(port: server.port)
                let chunk = "8000\r\n" + String(repeating: "x", count: 0x8000) + "\r\n"
                try client.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
                var sent = 0
                do {
                    while sent < 10_000 {
                        try client.send(chunk)
                        sent += 1
                    }
                } catch is RawClient.Failure {}
                return sent
            }
            #expect(sent < 10_000)
        }
    }

    @Test func `no body of exactly the limit`() async throws {
        try await withServer(limits: HTTPLimits(maximumBody: 3), handler: echo) { server in
            let response = try await exchange(
                "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                port: server.port)
            #expect(response.body == "POST []  - abc")
        }
    }

    @Test(arguments: ["/%", "/%4", "/%zz", "/a?b=%g1", "/%ff", "/%c3%28", "/%00", "/?a=%00", "nowhere"])
    func `a target that cannot be decoded`(target: String) async throws {
        try await withServer(handler: echo) { server in
            let response = try await get(target, port: server.port)
            #expect(response.status == 400)
            #expect(response.body.contains("undecodable_target"))
        }
    }

    @Test func `a target with a raw NUL byte`() async throws {
        try await withServer(handler: echo) { server in
            let response = try await get("/public\0/secret", port: server.port)
            #expect(response.status == 400)
        }
    }

    @Test(arguments: [
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
    ])
    func `a body whose end is not clear`(headers: String) async throws {
        try await withServer(handler: echo) { server in
            let response = try await exchange("POST / HTTP/1.1\r\nHost: t\r\n\(headers)\r\n", port: server.port)
            #expect(response.status == 400)
        }
    }

    @Test(arguments: [
        "\r\n\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: t\r\n\r\n", "\0\0\0\0\r\n\r\n", " / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "\u{16}\u{3}\u{1}\u{2}",
    ])
    func `a malformed request, and goes on serving others`(text: String) async throws {
        try await withServer(limits: HTTPLimits(idleTimeout: .milliseconds(500)), handler: echo) { server in
            let answer = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send(text)
                return try client.readToEnd()
            }
            #expect(!answer.contains(" 200 "))
            #expect(try await get("/", port: server.port).status == 200)
        }
    }

    @Test func `more headers than its memory for them`() async throws {
        try await withServer(handler: echo) { server in
            let text = try await blocking {
                let client = try RawClient(port: server.port)
                try? client.send(
                    "GET / HTTP/1.1\r\nHost: t\r\n" + (0..<5000).map { "X-\($0): many headers\r\n" }.joined()
                        + "\r\n")
                return try client.readToEnd()
            }
            #expect(text.hasPrefix("HTTP/1.1 431 "))
            #expect(try await get("/", port: server.port).status == 200)
        }
    }

    @Test func `more requests in flight than its limit, with a time to come back`() async throws {
        let (started, release) = (Signal(), Signal())
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            started.fire()
            await release.wait()
            return .text("done")
        }
        try await withServer(limits: HTTPLimits(requestsInFlight: 1), handler: handler) { server in
            async let first = get("/", port: server.port)
            await started.wait()
            let second = try await get("/", port: server.port)
            #expect(second.status == 503)
            #expect(second.headers["retry-after"] == "1")
            #expect(second.body.contains("\"overloaded\""))
            release.fire()
            let body = try await first.body
            #expect(body == "done")
            #expect(try await get("/", port: server.port).body == "done")
        }
    }

    @Test func `no connection over its limit, but lets it wait`() async throws {
        try await withServer(limits: HTTPLimits(connections: 1), handler: echo) { server in
            let statuses = try await blocking {
                var first: RawClient? = try RawClient(port: server.port)
                try first?.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                let status = try first?.readResponse().status
                let second = try RawClient(port: server.port)
                try second.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                #expect(second.hasNothingToRead(within: .milliseconds(200)))
                first = nil
                return [status, try second.readResponse().status]
            }
            #expect(statuses == [200, 200])
        }
    }

    @Test(arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc"])
    func `to wait for a client that is silent for too long`(text: String) async throws {
        try await withServer(limits: HTTPLimits(idleTimeout: .milliseconds(500)), handler: echo) { server in
            let answer = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send(text)
                return try client.readToEnd()
            }
            #expect(!answer.contains(" 200 "))
        }
    }
}
#endif
