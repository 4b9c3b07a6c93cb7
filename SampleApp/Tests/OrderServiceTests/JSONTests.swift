import Foundation
import Testing

@testable import OrderService

struct JSONTests {
    @Test func `every kind of value is read as it was written`() throws {
        let text =
            " {\"a\" : [null, true, false, -0.50e+3], \"b\":{}, \"c\":[ ] ,\"\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é\"}\n"
        #expect(
            try JSONParser.parse(Array(text.utf8))
                == .object([
                    .init(name: "a", value: .array([.null, .bool(true), .bool(false), .number("-0.50e+3")])),
                    .init(name: "b", value: .object([])), .init(name: "c", value: .array([])),
                    .init(name: "", value: .string("\"\\/\u{8}\u{C}\n\r\té😀é")),
                ]))
    }

    @Test(arguments: [
        "01", "-", "1.", ".5", "1e", "+1", "1e+", "0x1", "NaN", "tru", "\"", "\"\\", "\"\\x\"", "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "[", "[1", "[1,]", "[,]", "{", "{\"a\"}", "{\"a\":}", "{a:1}",
        "{\"a\":1,}", "1 2", "]", "\u{FEFF}1", "\0",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONParser.Malformed.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    /// Whatever the bytes, there is an answer.
    @Test func `no text makes the reader trap`() {
        var generator = SystemRandomNumberGenerator()
        let seed = Array(orderBody("a").utf8)
        for _ in 0..<5000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = Bool.random() ? UInt8.random(in: 0...255, using: &generator) : seed.randomElement() ?? 0
            }
            do throws(FieldProblem) {
                _ = try ImportedOrder(line: Array(bytes.prefix(Int.random(in: 1...bytes.count, using: &generator))))
            } catch { #expect(!error.message.isEmpty) }
        }
    }

    @Test(arguments: [
        ("2026-10-25T10:00:00Z", "2026-10-25T10:00:00Z"), ("2026-10-25t12:30:00.5+02:30", "2026-10-25T10:00:00.500Z"),
        ("2024-02-29T23:59:59.000001Z", "2024-02-29T23:59:59.000001Z"),
        ("2000-01-01T00:00:00-01:00", "2000-01-01T01:00:00Z"),
        ("2026-10-25T10:00:00.123456789Z", "2026-10-25T10:00:00.123456Z"),
        ("2100-03-01T00:00:00Z", "2100-03-01T00:00:00Z"),
    ])
    func `a time comes back as the same moment`(text: String, normal: String) throws {
        #expect(Timestamp.text(try #require(Timestamp.parse(text))) == normal)
    }

    @Test(arguments: [
        "", "2026", "2026-10-25", "2026-10-25 10:00:00Z", "2026-10-25T10:00:00", "2026-10-25T10:00Z",
        "2026-00-25T10:00:00Z",
        "2026-13-25T10:00:00Z", "2026-04-31T10:00:00Z", "2100-02-29T10:00:00Z", "2026-10-25T24:00:00Z",
        "2026-10-25T10:60:00Z", "2026-10-25T10:00:60Z", "2026-10-25T10:00:00.Z", "2026-10-25T10:00:00+2:00",
        "2026-10-25T10:00:00+24:00", "2026-10-25T10:00:00Zx", "２０２６-10-25T10:00:00Z", "-026-10-25T10:00:00Z",
    ])
    func `what is no time is refused`(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}
