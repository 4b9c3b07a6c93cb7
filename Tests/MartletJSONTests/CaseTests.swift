import Foundation
import MartletJSON
import Testing

struct CaseTests {
    private let encoder = PayloadEncoder()
    private let decoder = PayloadDecoder()

    private func split<T: Encodable>(_ value: T) throws -> String {
        let (name, payload) = try encoder.encodeCase(value)
        return "\(name) \(String(decoding: payload, as: UTF8.self))"
    }

    @Test(arguments: [
        (Sample.opened, "opened {}"),
        (.received(cents: 5, from: "bob"), #"received {"cents":5,"from":"bob"}"#),
        (.placed(.init(customer: "ada", lines: [:], note: nil)), #"placed {"customer":"ada","lines":{}}"#),
        (.thin(.init(first: 1)), #"thin {"first":1}"#),
        (.thin(.init()), #"thin {"_0":{}}"#),
        (.maybe(nil), "maybe {}"),
        (.maybe(.init()), #"maybe {"_0":{}}"#),
        (.maybe(.init(first: 1)), #"maybe {"first":1}"#),
        (.annotated(nil, note: "n"), #"annotated {"note":"n"}"#),
        (.annotated(.init(note: "n"), note: nil), #"annotated {"_0":{"note":"n"}}"#),
        (.annotated(.init(second: "s"), note: nil), #"annotated {"second":"s"}"#),
        (.annotated(.init(second: "s"), note: "n"), #"annotated {"_0":{"second":"s"},"note":"n"}"#),
        (.table(["_0": [1]]), #"table {"_0":{"_0":[1]}}"#),
        (.table(["a": [1]]), #"table {"a":[1]}"#),
        (.list([1, 2]), #"list {"_0":[1,2]}"#),
        (.wrapped(.leaf(.init(first: 1))), #"wrapped {"leaf":{"_0":{"first":1}}}"#),
        (.labelled(_1: .init(first: 1)), #"labelled {"_1":{"first":1}}"#),
    ])
    func `a case is stored as its name and its payload`(_ value: Sample, _ stored: String) throws {
        #expect(try split(value) == stored)
        let (name, payload) = try encoder.encodeCase(value)
        #expect(try decoder.decodeCase(Sample.self, name: name, payload: payload) == value)
        let joined = Array("{\"\(name)\":".utf8) + payload + Array("}".utf8)
        if (try? JSONDecoder().decode(Sample.self, from: Data(joined))) != nil {
            #expect(
                try decoder.decode(Sample.self, from: joined) == JSONDecoder().decode(Sample.self, from: Data(joined)))
        }
    }

    @Test(arguments: 0..<500)
    func `every random case round-trips exactly`(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed) &* 31)
        let value = Sample.random(using: &generator)
        let (name, payload) = try encoder.encodeCase(value)
        #expect(try decoder.decodeCase(Sample.self, name: name, payload: payload) == value)
        #expect(try decoder.decode(Sample.self, from: encoder.encode(value)) == value)
    }

    @Test func `a required value is read from the payload itself whatever its keys are`() throws {
        enum Event: Codable, Equatable { case placed(Sample.Details, note: String?) }
        let payload = Array(#"{"customer":"ada","lines":{},"note":"n"}"#.utf8)
        let read = try decoder.decodeCase(Event.self, name: "placed", payload: payload)
        #expect(read == .placed(.init(customer: "ada", lines: [:], note: "n"), note: "n"))
    }

    @Test func `the key _0 in the payload goes before the payload itself`() throws {
        let payload = Array(#"{"first":1,"_0":{"first":2}}"#.utf8)
        #expect(try decoder.decodeCase(Sample.self, name: "thin", payload: payload) == .thin(.init(first: 2)))
    }

    @Test func `a name that is no case is named in the error`() throws {
        #expect {
            try decoder.decodeCase(Sample.self, name: "shipped", payload: Array("{}".utf8))
        } throws: { error in
            guard case .unknownCase(let name, let type) = error as? PayloadError else { return false }
            return name == "shipped" && type.hasSuffix("Sample")
                && "\(error)" == "case \"shipped\": expected a case of \"\(type)\", found none of that name"
        }
    }

    @Test func `a wrong payload of a known case is not an unknown case`() {
        #expect(throws: DecodingError.self) {
            try decoder.decodeCase(Sample.self, name: "received", payload: Array(#"{"cents":"x"}"#.utf8))
        }
        #expect(throws: DecodingError.self) {
            try decoder.decodeCase(Sample.self, name: "opened", payload: Array("[1]".utf8))
        }
        #expect(throws: PayloadError.self) {
            try decoder.decodeCase(Sample.self, name: "opened", payload: Array("{".utf8))
        }
    }

    @Test func `names of cases may need escapes`() throws {
        struct Named: Codable, Equatable {
            var members: [String: [String: Int]]
            init(_ name: String) { members = [name: ["a": 1]] }
            init(from decoder: any Decoder) throws { members = try .init(from: decoder) }
            func encode(to encoder: any Encoder) throws { try members.encode(to: encoder) }
        }
        let (name, payload) = try encoder.encodeCase(Named("a\"\n\u{1}é"))
        #expect(name == "a\"\n\u{1}é")
        #expect(try decoder.decodeCase(Named.self, name: name, payload: payload) == Named("a\"\n\u{1}é"))
    }

    @Test func `what is not one name with one object is not a case`() {
        #expect(throws: PayloadError.self) { try encoder.encodeCase(5) }
        #expect(throws: PayloadError.self) { try encoder.encodeCase(["a": 1]) }
        #expect(throws: PayloadError.self) { try encoder.encodeCase([String: [String: Int]]()) }
        #expect(throws: PayloadError.self) { try encoder.encodeCase(["a": ["x": 1], "b": ["x": 1]]) }
        #expect(throws: PayloadError.self) { try encoder.encodeCase([["a": 1]]) }
    }

    @Test func `the bytes of a foreign buffer are read in place`() throws {
        let payload = Array(#"{"cents":5,"from":"a name too long to be stored inline"}"#.utf8)
        let value = try payload.withUnsafeBytes { try decoder.decodeCase(Sample.self, name: "received", payload: $0) }
        #expect(value == .received(cents: 5, from: "a name too long to be stored inline"))
    }
}
