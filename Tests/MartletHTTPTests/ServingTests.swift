#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `A running server` {
    @Test func `passes every part of a request to the handler`() async throws {
        try await withServer(handler: echo) { server in
            let response = try await exchange(
                "POST /orders/a%2Fb?x=1+2 HTTP/1.1\r\nHost: t\r\nX-TEST: yes\r\nContent-Length: 5\r\n\r\nhello",
                port: server.port)
            #expect(response.status == 200)
            #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(response.body == #"POST ["orders", "a/b"] x=1 2 yes hello"#)
        }
    }

    @Test func `answers requests on a kept connection one after the other`() async throws {
        try await withServer(handler: echo) { server in
            let bodies = try await blocking {
                let client = try RawClient(port: server.port)
                return try ["/a", "/b", "/c"].map { path in
                    try client.send("GET \(path) HTTP/1.1\r\nHost: t\r\n\r\n")
                    return try client.readResponse().body
                }
            }
            #expect(bodies == [#"GET ["a"]  - "#, #"GET ["b"]  - "#, #"GET ["c"]  - "#])
        }
    }

    @Test func `answers pipelined requests in their order`() async throws {
        try await withServer(handler: echo) { server in
            let bodies = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send((0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: t\r\n\r\n" }.joined())
                return try (0..<20).map { _ in try client.readResponse().body }
            }
            #expect(bodies == (0..<20).map { #"GET ["\#($0)"]  - "# })
        }
    }

    @Test func `sends the length but not the body for HEAD`() async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in .text("hello") }
        try await withServer(handler: handler) { server in
            let text = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send("HEAD / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                return try client.readToEnd()
            }
            #expect(text.contains("Content-Length: 5\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `joins the pieces of a chunked body`() async throws {
        try await withServer(handler: echo) { server in
            let response = try await exchange(
                "PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
                port: server.port)
            #expect(response.body == "PUT []  - hello")
        }
    }

    @Test func `asks a client that expects it to continue`() async throws {
        try await withServer(handler: echo) { server in
            let (first, second) = try await blocking {
                let client = try RawClient(port: server.port)
                try client.send("PUT / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                let first = try client.readResponse()
                try client.send("ok")
                return (first, try client.readResponse())
            }
            #expect(first.status == 100)
            #expect(second.body == "PUT []  - ok")
        }
    }

    @Test func `answers a request that arrives byte by byte`() async throws {
        try await withServer(handler: echo) { server in
            let response = try await blocking {
                let client = try RawClient(port: server.port)
                for byte in "POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc".utf8 {
                    try client.send([byte])
                }
                return try client.readResponse()
            }
            #expect(response.body == #"POST ["slow"]  - abc"#)
        }
    }

    @Test func `reads two hundred headers and a full body`() async throws {
        let headers = (0..<200).map { "X-\($0): value\r\n" }.joined()
        let count = HTTPLimits().maximumBody
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            .text("\(request.headers.fields.count) \(request.body.count)")
        }
        try await withServer(handler: handler) { server in
            let text = "POST / HTTP/1.1\r\nHost: t\r\n\(headers)Content-Length: \(count)\r\n\r\n"
            let response = try await exchange(text + String(repeating: "x", count: count), port: server.port)
            #expect(response.body == "202 \(count)")
        }
    }

    @Test func `answers two hundred requests over thirty-two connections`() async throws {
        try await withServer(handler: echo) { server in
            let answered = try await withThrowingTaskGroup { clients in
                for client in 0..<32 {
                    clients.addTask {
                        try await answers(to: client < 8 ? 7 : 6, from: client, port: server.port)
                    }
                }
                return try await clients.reduce(0, +)
            }
            #expect(answered == 200)
        }
    }

    @Test(arguments: [
        HTTPResponse(status: HTTPStatus(rawValue: 100)), HTTPResponse(status: HTTPStatus(rawValue: -1)),
        HTTPResponse(headers: ["X-Evil": "a\r\nX-Injected: b"]), HTTPResponse(headers: ["X Evil": "a"]),
        HTTPResponse(headers: ["X-Nul": "a\0b"]), HTTPResponse(headers: ["X-Empty": ""]),
    ])
    func `turns a response that cannot be sent into a 500`(response: HTTPResponse) async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in response }
        try await withServer(handler: handler) { server in
            let received = try await get("/", port: server.port)
            #expect(received.status == 500)
            #expect(received.body.contains("unsendable_response"))
            #expect(received.headers["x-injected"] == nil)
        }
    }

    @Test func `decides about the length itself`() async throws {
        let response = HTTPResponse(
            headers: ["content-length": "900", "Transfer-Encoding": "chunked"], body: Array("ok".utf8))
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in response }
        try await withServer(handler: handler) { server in
            let received = try await get("/", port: server.port)
            #expect(received.headers["content-length"] == "2")
            #expect(received.headers["transfer-encoding"] == nil)
            #expect(received.body == "ok")
        }
    }
}

private func answers(to count: Int, from client: Int, port: UInt16) async throws -> Int {
    try await blocking {
        let connection = try RawClient(port: port)
        return try (0..<count).count { request in
            try connection.send("GET /\(client)/\(request) HTTP/1.1\r\nHost: t\r\n\r\n")
            return try connection.readResponse().body == #"GET ["\#(client)", "\#(request)"]  - "#
        }
    }
}
#endif
