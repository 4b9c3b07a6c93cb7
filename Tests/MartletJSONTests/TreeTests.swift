import Foundation
import MartletJSON
import Testing

struct TreeTests {
    private func tree(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }
    private func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }

    @Test(arguments: [
        "null", "true", "false", "\"\"", "[]", "{}", "[[],{}]", "[null,true,[false]]",
        #"{"z":1,"a":2,"m":{"y":[1,{"x":null}],"b":"text"}}"#, #"{"a":1,"a":2,"b":3,"a":4}"#,
        #"{"\"quoted\"\n":"\\ \u0001 é 👩‍🚀"}"#,
    ])
    func `compact JSON comes back byte for byte`(_ json: String) throws {
        #expect(try text(tree(json)) == json)
    }

    @Test(arguments: [
        "0", "-0", "0.0", "-0.00", "1.00", "0.1", "1E5", "1e+05", "1e-400", "1e400", "123456789012345678901234567890",
        "0.10000000000000000000000000000000000000001", "9007199254740993", "-1.5E-07",
    ])
    func `numbers keep their text`(_ number: String) throws {
        #expect(try text(tree(number)) == number)
        #expect(try text(tree("{\"a\":[\(number),{\"b\":\(number)}]}")) == "{\"a\":[\(number),{\"b\":\(number)}]}")
        #expect(JSONNumber(number)?.text == number)
    }

    @Test(arguments: ["", " 1", "1 ", "+1", ".5", "1.", "01", "NaN", "0x1", "[1]", "\"1\"", "true", "1,2", "١"])
    func `what is no number makes none`(_ text: String) {
        #expect(JSONNumber(text) == nil)
    }

    @Test func `numbers have values`() throws {
        #expect(JSONNumber("1e2")?.integer() == 100)
        #expect(JSONNumber("-128.0")?.integer(Int8.self) == -128)
        #expect(JSONNumber("128")?.integer(Int8.self) == nil)
        #expect(JSONNumber("1.5")?.integer() == nil)
        #expect(JSONNumber("1.5")?.double == 1.5)
        #expect(JSONNumber("1e400")?.double == nil)
        #expect(JSONNumber(UInt128.max).integer(UInt128.self) == UInt128.max)
        #expect(JSONNumber(2.5)?.text == "2.5")
        #expect(JSONNumber(-3.0)?.text == "-3")
        #expect(JSONNumber(Double.infinity) == nil)
        #expect(JSONNumber(Double.nan) == nil)
    }

    @Test(arguments: 0..<200)
    func `random values come back as Foundation reads them`(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let bytes = try PayloadEncoder().encode(AnyJSON.random(depth: 5, using: &generator))
        let tree = try JSONValue(parsing: bytes)
        #expect(tree.bytes == bytes)
        #expect(Oracle.value(tree.bytes) == Oracle.value(bytes))
    }

    @Test(arguments: Corpus.valid)
    func `every valid document means the same afterwards`(_ json: String) throws {
        let tree = try JSONValue(parsing: Array(json.utf8), maximumDepth: 512)
        #expect(Oracle.value(tree.bytes) == Oracle.value(Array(json.utf8)))
        #expect(try JSONValue(parsing: tree.bytes) == tree)
    }

    @Test(arguments: Corpus.invalid)
    func `invalid JSON makes no tree`(_ json: String) {
        #expect(throws: PayloadError.self) { try tree(json) }
    }

    @Test func `depth is limited`() throws {
        let nested = { (depth: Int) in Array(repeating: UInt8(ascii: "["), count: depth) }
        let closed = { (depth: Int) in Array(repeating: UInt8(ascii: "]"), count: depth) }
        #expect(try JSONValue(parsing: nested(64) + closed(64)).bytes == nested(64) + closed(64))
        #expect(throws: PayloadError.tooDeep(offset: 64, limit: 64)) { try JSONValue(parsing: nested(65) + closed(65)) }
        #expect(throws: PayloadError.tooDeep(offset: 2, limit: 2)) {
            try JSONValue(parsing: nested(3) + closed(3), maximumDepth: 2)
        }
    }

    @Test func `members are read, set, removed and renamed in place`() throws {
        var payload = try tree(#"{"cents":500,"to":{"town":"Åbo"},"memo":null,"tags":["a"]}"#)
        #expect(payload["cents"]?.number?.integer() == 500)
        #expect(payload["to"]?["town"]?.string == "Åbo")
        #expect(payload["memo"] == .null)
        #expect(payload["absent"] == nil)
        #expect(payload["cents"]?["x"] == nil)
        payload["cents"] = 600
        payload["to"]?.rename("town", to: "city")
        payload["to"]?["zip"] = "20100"
        payload["memo"] = nil
        payload["tags"]?.array?.append("b")
        payload["paid"] = true
        #expect(
            text(payload) == #"{"cents":600,"to":{"city":"Åbo","zip":"20100"},"tags":["a","b"],"paid":true}"#)
        let removed = payload.remove("tags")
        let again = payload.remove("tags")
        #expect(removed == ["a", "b"])
        #expect(again == nil)
        #expect(payload == ["cents": 600, "to": ["city": "Åbo", "zip": "20100"], "paid": true])
    }

    @Test func `renaming takes the place of the old key and of the new one`() throws {
        var object = try #require(tree(#"{"a":1,"b":2,"c":3,"b":4}"#).object)
        let found = object.rename("c", to: "b")
        #expect(found)
        #expect(text(.object(object)) == #"{"a":1,"b":3}"#)
        let foundAgain = object.rename("c", to: "a")
        let foundItself = object.rename("a", to: "a")
        #expect(!foundAgain)
        #expect(foundItself)
        #expect(object.keys == ["a", "b"])
    }

    @Test func `a repeated key counts once, as in the decoder`() throws {
        var object = try #require(tree(#"{"a":1,"b":2,"a":3}"#).object)
        #expect(object["a"] == 1)
        #expect(try PayloadDecoder().decode([String: Int].self, from: JSONValue.object(object).bytes)["a"] == 1)
        object["a"] = 5
        #expect(text(.object(object)) == #"{"a":5,"b":2}"#)
    }

    @Test func `keys are equal when their bytes are`() throws {
        let object = try #require(tree("{\"e\u{301}\":1,\"\u{E9}\":2}").object)
        #expect(object["\u{E9}"] == 2)
        #expect(object["e\u{301}"] == 1)
    }

    @Test(arguments: ["null", "1", "\"x\"", "[1]", "true"])
    func `what is no object has no members and gets none`(_ json: String) throws {
        var value = try tree(json)
        value["a"] = 1
        value["a"]?["b"] = 1
        value.object?["a"] = 1
        let renamed = value.rename("a", to: "b")
        let removed = value.remove("a")
        #expect(!renamed)
        #expect(removed == nil)
        #expect(try value == tree(json))
    }
}
