import Foundation
import Martlet
import MartletHTTP
import Testing

@testable import OrderService

/// What no client should send; none of it reaches a database, and there is none here.
struct BadInputTests {
    private let router = OrdersAPI(OrderApplication.on(.environment.database("none")), now: { Shop.noon }).router

    struct Case: Sendable, CustomTestStringConvertible {
        let body: String
        let status: HTTPStatus
        let code: String
        let field: String?
        let message: String

        var testDescription: String { String(body.prefix(80)) }

        init(_ body: String, _ code: String, _ field: String?, _ message: String) {
            self.body = body
            status = code == "malformed_json" ? .badRequest : .unprocessableContent
            self.code = code
            self.field = field
            self.message = message
        }
    }

    private static func order(_ lines: String = "[]", id: String = "\"a\"", rest: String = "") -> String {
        "{\"id\":\(id),\"customer\":\"Ada\",\"lines\":\(lines)\(rest)}"
    }

    private static func line(quantity: String = "1", unitCents: String = "100", rest: String = "") -> String {
        "[{\"sku\":\"T\",\"name\":\"Tea\",\"quantity\":\(quantity),\"unitCents\":\(unitCents)\(rest)}]"
    }

    private static func time(_ text: String) -> String { order(line(), rest: ",\"placedAt\":\(text)") }

    private static let wholeNumber = "expected a whole number of at most 64 bits, found"
    private static let someTime = "expected a time such as \"2026-10-25T10:00:00Z\", found"

    static let malformed = [
        Case("", "malformed_json", nil, "malformed JSON at byte 1: expected a value, found the end"),
        Case("{", "malformed_json", nil, "malformed JSON at byte 2: expected a member's name in quotes, found the end"),
        Case(
            "{\"id\":\"a\",}", "malformed_json", nil,
            "malformed JSON at byte 11: expected a member's name in quotes, found \"}\""),
        Case("{\"id\":tru}", "malformed_json", nil, "malformed JSON at byte 7: expected a value, found \"t\""),
        Case(
            "{\"id\":1,\"id\":2}", "malformed_json", nil,
            "malformed JSON at byte 13: expected each member once, and \"id\" again, found \":\""),
        Case("{} x", "malformed_json", nil, "malformed JSON at byte 4: expected the end of the text, found \"x\""),
        Case(
            String(repeating: "[", count: 100_000), "malformed_json", nil,
            "malformed JSON at byte 33: expected at most 32 levels, found \"[\""),
        Case(
            "\"\\ud800\"", "malformed_json", nil,
            "malformed JSON at byte 8: expected a pair of surrogates, found \"\"\""),
        Case("[]", "wrong_type", nil, "expected an object, found an array"),
        Case("null", "wrong_type", nil, "expected an object, found null"),
    ]

    static let fields = [
        Case("{}", "missing_field", "id", "expected a string, found nothing"),
        Case(order(id: "1"), "wrong_type", "id", "expected a string, found 1"),
        Case(order(id: "null"), "wrong_type", "id", "expected a string, found null"),
        Case(order(line(), id: "\"\""), "invalid_value", "id", "expected text, found none"),
        Case(order(line(), id: "\"a\\u0000b\""), "invalid_value", "id", "expected no control character, found U+0000"),
        Case(
            order(line(), id: "\"\(String(repeating: "a", count: 201))\""), "invalid_value", "id",
            "expected at most 200 bytes, found 201"),
        Case("{\"id\":\"a\",\"lines\":[]}", "missing_field", "customer", "expected a string, found nothing"),
        Case("{\"id\":\"a\",\"customer\":\"Ada\"}", "missing_field", "lines", "expected an array, found nothing"),
        Case(order("{}"), "wrong_type", "lines", "expected an array, found an object"),
        Case(order("[1]"), "wrong_type", "lines[0]", "expected an object, found 1"),
        Case(order(), "invalid_value", "lines", "expected 1 to 1000 lines, found none"),
        Case(
            order(line(), rest: ",\"note\":1"), "unknown_field", "note",
            "expected only id, customer, placedAt, lines, found \"note\""),
        Case(
            order(line(rest: ",\"tax\":1")), "unknown_field", "lines[0].tax",
            "expected only sku, name, quantity, unitCents, found \"tax\""),
    ]

    static let numbers = [
        Case(order(line(quantity: "0")), "invalid_value", "lines[0].quantity", "expected 1 to 1000000, found 0"),
        Case(order(line(quantity: "-2")), "invalid_value", "lines[0].quantity", "expected 1 to 1000000, found -2"),
        Case(order(line(quantity: "true")), "wrong_type", "lines[0].quantity", "\(wholeNumber) true"),
        Case(order(line(quantity: "1.5")), "wrong_type", "lines[0].quantity", "\(wholeNumber) 1.5"),
        Case(order(line(quantity: "1e30")), "wrong_type", "lines[0].quantity", "\(wholeNumber) 1e30"),
        Case(order(line(quantity: "\"2\"")), "wrong_type", "lines[0].quantity", "\(wholeNumber) \"2\""),
        Case(
            order(line(unitCents: "9223372036854775808")), "wrong_type", "lines[0].unitCents",
            "\(wholeNumber) 9223372036854775808"),
        Case(
            order(line(unitCents: "9223372036854775807")), "invalid_value", "lines[0].unitCents",
            "expected 0 to 10000000000, found 9223372036854775807"),
        Case(
            order(line(unitCents: "-1")), "invalid_value", "lines[0].unitCents", "expected 0 to 10000000000, found -1"),
        Case(
            order(line(quantity: "1000000", unitCents: "10000000000")), "invalid_value", "lines[0]",
            "expected a total of at most 100000000000 cents, found more with this line"),
    ]

    static let times = [
        Case(time("17"), "wrong_type", "placedAt", "\(someTime) 17"),
        Case(time("\"yesterday\""), "invalid_value", "placedAt", "\(someTime) \"yesterday\""),
        Case(time("\"2026-02-29T10:00:00Z\""), "invalid_value", "placedAt", "\(someTime) \"2026-02-29T10:00:00Z\""),
        Case(time("\"2026-10-25T24:00:00Z\""), "invalid_value", "placedAt", "\(someTime) \"2026-10-25T24:00:00Z\""),
        Case(time("\"2026-10-25T10:00:00\""), "invalid_value", "placedAt", "\(someTime) \"2026-10-25T10:00:00\""),
        Case(
            time("\"0000-01-01T00:00:00Z\""), "invalid_value", "placedAt",
            "expected a time from 2000 to 2099, found \"0000-01-01T00:00:00Z\""),
        Case(
            time("\"9999-12-31T23:59:59Z\""), "invalid_value", "placedAt",
            "expected a time from 2000 to 2099, found \"9999-12-31T23:59:59Z\""),
    ]

    @Test(arguments: malformed + fields + numbers + times)
    func `a bad order is refused with its field, what was expected and what was found`(bad: Case) async throws {
        let answer = try await router.answer(.post, "/orders", body: Array(bad.body.utf8))
        #expect(answer.status == bad.status)
        #expect(answer.error("code") == bad.code)
        #expect(answer.error("field") == bad.field)
        #expect(answer.error("message") == bad.message)
    }

    @Test func `bytes that are no UTF-8 are refused`() async throws {
        let answer = try await router.answer(.post, "/orders", body: [0x7B, 0x22, 0xC0, 0x80, 0x22, 0x3A, 0x31, 0x7D])
        #expect(answer.status == .badRequest)
        #expect(answer.error("message") == "malformed JSON at byte 3: expected UTF-8, found something else")
    }

    @Test(arguments: [
        ("/orders/a/cancellation", "{}", "reason"), ("/orders/a/cancellation", "{\"reason\":7}", "reason"),
        ("/orders/a/cancellation", "{\"reason\":\" \"}", "reason"), ("/orders/a/payment", "{\"at\":1}", "at"),
        ("/orders/a/payment", "{\"cents\":1}", "cents"),
        ("/orders/a/shipment", "{\"at\":\"1999-12-31T23:59:59Z\"}", "at"),
    ])
    func `a bad step is refused with its field`(path: String, body: String, field: String) async throws {
        let answer = try await router.answer(.post, path, body: Array(body.utf8))
        #expect(answer.status == .unprocessableContent)
        #expect(answer.error("field") == field)
    }

    @Test(arguments: [
        ("/orders?limit=0", "limit"), ("/orders?limit=501", "limit"), ("/orders?limit=99999999999999999999", "limit"),
        ("/orders?status=lost", "status"), ("/orders?after=x", "after"), ("/orders?colour=red", "colour"),
    ])
    func `a bad question is refused with its parameter`(path: String, field: String) async throws {
        let answer = try await router.answer(.get, path)
        #expect(answer.status == .unprocessableContent)
        #expect(answer.error("field") == field)
    }

    @Test(arguments: ["x", "-1", "1.5", "9223372036854775808"])
    func `a position that is none is refused`(position: String) async throws {
        let answer = try await router.answer(.get, "/orders", headers: ["Martlet-Position": position])
        #expect(answer.status == .unprocessableContent)
        #expect(answer.error("field") == "Martlet-Position")
    }

    @Test(arguments: [
        (HTTPMethod.get, "/", HTTPStatus.notFound), (.get, "/order", .notFound), (.post, "/orders/a/refund", .notFound),
        (.delete, "/orders", .methodNotAllowed), (.put, "/orders/a", .methodNotAllowed),
        (.get, "/orders/a/payment", .methodNotAllowed), (.post, "/health", .methodNotAllowed),
    ])
    func `an unknown route or method is refused`(method: HTTPMethod, path: String, status: HTTPStatus) async throws {
        #expect(try await router.answer(method, path).status == status)
    }
}
