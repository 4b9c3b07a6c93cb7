#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `A router` {
    private var router: Router = {
        var router = Router()
        router.on(.get, "/") { _, _ in .text("root") }
        router.on(.get, "/orders/{id}") { _, parameters in .text("order " + parameters["id"]) }
        router.on(.put, "/orders/{id}") { request, _ in .text("put \(request.body.count)") }
        router.on(.get, "/orders/new") { _, _ in .text("new") }
        router.on(.get, "/{kind}/{id}/lines") { _, parameters in .text(parameters["kind"] + parameters["id"]) }
        router.on(.get, "/orders/{id}/{part}") { _, parameters in .text("part " + parameters["part"]) }
        return router
    }()

    @Test(arguments: [
        ("/", "root"), ("/orders/7", "order 7"), ("/orders/a%2Fb?x", "order a/b"), ("/orders/new", "new"),
        ("/carts/3/lines", "carts3"), ("/orders/3/lines", "part lines"),
    ])
    func `answers with the most specific route`(target: String, body: String) async throws {
        #expect(await router.respond(to: try HTTPRequest(.get, target)) == .text(body))
    }

    @Test func `passes over a more specific route without that method`() async throws {
        #expect(await router.respond(to: try HTTPRequest(.put, "/orders/new", body: [1])) == .text("put 1"))
    }

    @Test func `answers HEAD as GET`() async throws {
        #expect(await router.respond(to: try HTTPRequest(.head, "/orders/7")) == .text("order 7"))
    }

    @Test(arguments: ["/order", "/orders", "/orders/", "/orders//", "/orders/7/", "//", "/Orders/7"])
    func `does not know other paths`(target: String) async throws {
        let response = await router.respond(to: try HTTPRequest(.get, target))
        #expect(response.status == .notFound)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":{"code":"not_found","message":"no route for \"\#(target)\"","field":null}}"#)
    }

    @Test func `names the methods that a path has`() async throws {
        let response = await router.respond(to: try HTTPRequest(.delete, "/orders/7"))
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["allow"] == "GET, HEAD, PUT")
        #expect(String(decoding: response.body, as: UTF8.self).contains("expected GET, HEAD, PUT, found DELETE"))
    }

    @Test func `answers through a server`() async throws {
        try await withServer(handler: router.respond(to:)) { server in
            #expect(try await get("/orders/8", port: server.port).body == "order 8")
            #expect(try await get("/nowhere", port: server.port).status == 404)
            let refused = try await exchange("DELETE / HTTP/1.1\r\nHost: t\r\n\r\n", port: server.port)
            #expect(refused.status == 405)
            #expect(refused.headers["allow"] == "GET, HEAD")
        }
    }

    @Test(arguments: ["orders", "/{id}/{id}", "/{id", "/a{b}", "/{}", "/a%20b"])
    func `refuses a malformed pattern`(pattern: String) async {
        await #expect(processExitsWith: .failure) { [pattern] in
            var router = Router()
            router.on(.get, pattern) { _, _ in .text("") }
        }
    }
}
#endif
