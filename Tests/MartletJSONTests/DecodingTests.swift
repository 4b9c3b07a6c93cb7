import Foundation
import MartletJSON
import Testing

struct DecodingTests {
    private class Base: Codable {
        var id = 0
        init() {}
    }

    private final class Derived: Base {
        var name = ""
        var scores: [Color: Int] = [:]

        enum CodingKeys: CodingKey { case name, scores }

        override init() { super.init() }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            scores = try container.decode([Color: Int].self, forKey: .scores)
            try super.init(from: container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try super.encode(to: container.superEncoder())
            try container.encode(scores, forKey: .scores)
        }
    }

    enum Color: String, Codable, CodingKeyRepresentable { case red, green }

    private func read<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try PayloadDecoder().decode(type, from: Array(text.utf8))
    }

    @Test func `classes inherit through super coders`() throws {
        let derived = Derived()
        derived.id = 7
        derived.name = "n"
        derived.scores = [.red: 1]
        let bytes = try PayloadEncoder().encode(derived)
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"name":"n","super":{"id":7},"scores":{"red":1}}"#)
        let read = try PayloadDecoder().decode(Derived.self, from: bytes)
        #expect(read.id == 7 && read.name == "n" && read.scores == [.red: 1])
    }

    @Test func `dictionaries have string, number, enum and other keys as in Foundation`() throws {
        #expect(try read([Int: String].self, #"{"1":"a","-2":"b"}"#) == [1: "a", -2: "b"])
        #expect(try read([Color: Int].self, #"{"red":1}"#) == [.red: 1])
        #expect(try read([Double: Int].self, "[1.5,2]") == [1.5: 2])
        #expect(throws: DecodingError.self) { try read([Int: String].self, #"{"x":"a"}"#) }
        #expect(try PayloadEncoder().encode([1: "a"]) == Array(try JSONEncoder().encode([1: "a"])))
        #expect(try PayloadEncoder().encode([1.5: "a"]) == Array(try JSONEncoder().encode([1.5: "a"])))
    }

    @Test(arguments: [
        #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"a":2}"#, #"{"b":9,"a":1,"\u0061":2}"#, #"{"\u0061":1,"a":2,"b":3}"#,
        #"{"":1,"":2,"a":3,"b":4}"#,
    ])
    func `the first of repeated keys wins, as in Foundation`(_ text: String) throws {
        struct Pair: Decodable, Equatable { var b: Int?, a: Int }
        #expect(try read([String: Int].self, text) == JSONDecoder().decode([String: Int].self, from: Data(text.utf8)))
        #expect(try read(Pair.self, text) == JSONDecoder().decode(Pair.self, from: Data(text.utf8)))
    }

    @Test func `many keys are found in any order, repeated or not`() throws {
        let members = (0..<300).map { "\"k\($0)\":\($0)" }
        let expected = Dictionary(uniqueKeysWithValues: (0..<300).map { ("k\($0)", $0) })
        #expect(try read([String: Int].self, "{\(members.joined(separator: ","))}") == expected)
        let repeated = members + members.reversed().map { $0.replacing(":", with: ":1") }
        #expect(try read([String: Int].self, "{\(repeated.joined(separator: ","))}") == expected)
        struct Some: Decodable, Equatable { var k299: Int, k0: Int, k150: Int?, k151: Int?, other: Int? }
        let some = try read(Some.self, "{\(members.joined(separator: ", "))}")
        #expect(some == Some(k299: 299, k0: 0, k150: 150, k151: 151, other: nil))
    }

    @Test func `escaped keys are found by what they mean`() throws {
        struct Named: Decodable, Equatable { var cents: Int }
        #expect(try read(Named.self, #"{"\u0063ents":5}"#) == Named(cents: 5))
    }

    @Test func `a missing super value is null`() throws {
        struct Orphan: Decodable {
            enum Keys: CodingKey { case parent }
            let isNull: Bool
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                let named = try container.superDecoder(forKey: .parent)
                isNull =
                    try container.superDecoder().singleValueContainer().decodeNil()
                    && named.singleValueContainer().decodeNil()
            }
        }
        #expect(try read(Orphan.self, "{}").isNull)
    }

    @Test func `a decoder that outlives its decoding keeps its bytes`() throws {
        struct Kept: Decodable {
            let decoder: any Decoder
            init(from decoder: any Decoder) throws { self.decoder = decoder }
        }
        let text = #"{"a":["some text that is stored outside of the string"]}"#
        let kept = try read(Kept.self, text)
        #expect(try [String: [String]](from: kept.decoder) == ["a": ["some text that is stored outside of the string"]])
    }

    @Test func `user info reaches both sides`() throws {
        struct Greeting: Codable {
            static let key = CodingUserInfoKey(rawValue: "greeting")
            var text: String
            init() { text = "" }
            init(from decoder: any Decoder) throws { text = Self.key.flatMap { decoder.userInfo[$0] as? String } ?? "" }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(Self.key.flatMap { encoder.userInfo[$0] as? String } ?? "")
            }
        }
        let key = try #require(Greeting.key)
        var encoder = PayloadEncoder()
        encoder.userInfo[key] = "hello"
        #expect(try encoder.encode([Greeting()]) == Array(#"["hello"]"#.utf8))
        var decoder = PayloadDecoder()
        decoder.userInfo[key] = "welcome"
        #expect(try decoder.decode([Greeting].self, from: Array("[0]".utf8)).map(\.text) == ["welcome"])
    }
}
