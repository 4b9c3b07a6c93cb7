#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `A request target` {
    @Test(arguments: [
        ("/", []), ("/orders/7", ["orders", "7"]), ("/orders/", ["orders", ""]), ("//a", ["", "a"]),
        ("/a%2Fb/c%20d", ["a/b", "c d"]), ("/%c3%a9%2e%2E", ["é.."]), ("/a+b", ["a+b"]), ("/é", ["é"]),
        ("http://host:80/a/b?c", ["a", "b"]), ("HTTPS://host", []), ("http://host?x=1", []),
    ])
    func `is split into decoded segments`(target: String, path: [String]) throws {
        #expect(try HTTPRequest(.get, target).path == path)
    }

    @Test(arguments: [
        ("/", []), ("/?", []), ("/?a=1&b=2", ["a: 1", "b: 2"]), ("/?a", ["a: "]), ("/?&&a==b", ["a: =b"]),
        ("/?na%26me=v%3D+%2B", ["na&me: v= +"]), ("http://h?x=1?", ["x: 1?"]),
    ])
    func `has decoded query fields`(target: String, fields: [String]) throws {
        #expect(try HTTPRequest(.get, target).query.fields.map { "\($0.name): \($0.value)" } == fields)
    }

    @Test func `keeps repeated query fields in order`() throws {
        let query = try HTTPRequest(.get, "/?a=1&b=2&a=3").query
        #expect(query["a"] == "1")
        #expect(query.values(for: "a") == ["1", "3"])
        #expect(query["c"] == nil)
    }

    @Test(
        arguments: [
            ("", .unsupportedForm), ("orders", .unsupportedForm), ("*", .unsupportedForm),
            ("?a", .unsupportedForm),
            ("http://", .unsupportedForm), ("ftp://host/", .unsupportedForm), ("/%", .malformedPercentEncoding),
            ("/%1", .malformedPercentEncoding), ("/%1/2", .malformedPercentEncoding),
            ("/%+1", .malformedPercentEncoding),
            ("/%C3", .invalidUTF8), ("/%ED%A0%80", .invalidUTF8), ("/a%00", .containsNUL), ("/a\0b", .containsNUL),
            ("/?%0", .malformedPercentEncoding), ("/?a=%FF", .invalidUTF8),
        ] as [(String, HTTPTargetError)])
    func `that cannot be decoded is refused`(target: String, error: HTTPTargetError) {
        #expect(throws: error) { try HTTPRequest(.get, target) }
    }
}
#endif
