import Foundation
import MartletJSON
import Testing

struct ErrorTests {
    private func error<T: Decodable>(_ type: T.Type, _ text: String, _ decoder: PayloadDecoder = .init()) -> String {
        do {
            _ = try decoder.decode(type, from: Array(text.utf8))
            return "none"
        } catch let error as PayloadError {
            return "\(error)"
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.keyNotFound(_, let context), DecodingError.dataCorrupted(let context)
        {
            return "\(context.codingPath.map(\.stringValue)) \(context.debugDescription)"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("", "payload byte 0: expected a value, found the end of the payload"),
        (#"{"a":[1,{"b":tru}]}"#, #"payload byte 16, path "a[1].b": expected "true", found "}""#),
        ("[1,2", #"payload byte 4, path "[1]": expected "," or "]", found the end of the payload"#),
        (#"{"a":{},"b":1 2}"#, #"payload byte 14, path "b": expected "," or "}", found "2""#),
        ("[\"\u{1}\"]", "payload byte 2, path \"[0]\": expected an escaped control character, found byte 0x01"),
        ("[1]x", #"payload byte 3: expected the end of the payload, found "x""#),
        (#"["\ud800"]"#, #"payload byte 8, path "[0]": expected a low surrogate, found """"#),
        ("{1:2}", #"payload byte 1: expected a key, found "1""#),
        ("[-]", #"payload byte 2, path "[0]": expected a digit, found "]""#),
        ("\"abc", "payload byte 4: expected \"\"\", found the end of the payload"),
    ])
    func `a syntax error names place, expected and found`(_ text: String, _ message: String) {
        #expect(error(AnyJSON.self, text) == message)
    }

    @Test func `a value of the wrong type names its path and its place`() {
        #expect(
            error([String: [Int]].self, #"{"a":[1],"b":[2,"x"]}"#)
                == #"["b", "Index 1"] payload byte 16: expected an integer, found a string"#)
        #expect(
            error([Int8].self, "[1,300]")
                == #"["Index 1"] payload byte 3: expected an integer within Int8, found another number"#)
        struct Named: Decodable { var name: String }
        #expect(
            error([Named].self, "[{}]")
                == #"["Index 0"] payload byte 1: expected the key "name", found none of that name"#)
        #expect(
            error([Named].self, "[{\"name\":null}]")
                == #"["Index 0", "name"] payload byte 9: expected a string, found null"#)
        #expect(error([Named].self, "[[]]") == #"["Index 0"] payload byte 1: expected an object, found an array"#)
        #expect(error([UUID].self, "[\"x\"]") == #"["Index 0"] payload byte 1: expected a UUID, found another string"#)
    }

    @Test func `errors are of the kinds that Foundation throws`() {
        func kind(_ body: () throws -> Void) -> String {
            do { try body() } catch { return String(String(describing: error).prefix { $0 != "(" && $0 != ":" }) }
            return "none"
        }
        for (text, type) in Self.mismatches {
            let ours = kind { _ = try PayloadDecoder().decode(type, from: Array(text.utf8)) }
            let theirs = kind { _ = try JSONDecoder().decode(type, from: Data(text.utf8)) }
            // Foundation tells all but booleans apart from null.
            if type == Bool.self, text == "null" { continue }
            #expect(ours == theirs, "\(text) as \(type)")
        }
    }

    private static var mismatches: [(String, any Decodable.Type)] {
        let texts = [
            "null", "true", "1", "1.5", "300", "-1", "\"x\"", "[]", "{}", "[null]", "[[]]", "{\"a\":null}",
            "{\"a\":[]}", "{\"sent\":{}}",
        ]
        let types: [any Decodable.Type] = [
            Int.self, UInt8.self, Bool.self, String.self, Double.self, Float.self, [Int].self, [String: Int].self,
            UUID.self, URL.self,
            Decimal.self, Sample.self, Sample.Details.self, Sample.Sparse.self,
        ]
        return texts.flatMap { text in types.map { (text, $0) } }
    }

    @Test func `an array that ends early says so`() {
        struct Two: Decodable {
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                _ = try (container.decode(Int.self), container.decode(Int.self))
            }
        }
        #expect(
            error([Two].self, "[[1]]")
                == #"["Index 0", "Index 1"] payload byte 1: expected an element, found the end of the array"#)
    }

    @Test func `what cannot be encoded is named by its path`() {
        #expect {
            try PayloadEncoder().encode(["a": [[1.0], [2.0, .nan]]])
        } throws: { error in
            guard case EncodingError.invalidValue(_, let context) = error else { return false }
            return context.codingPath.map(\.stringValue) == ["a", "Index 1", "Index 1"]
                && context.debugDescription
                    == #"payload path "a[1][1]": expected a finite number, found infinity or not a number"#
        }
    }
}

struct DepthTests {
    /// As many arrays in each other as `depth`.
    indirect enum Nested: Codable, Equatable {
        case leaf
        case inside(Nested)

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            self = container.isAtEnd ? .leaf : .inside(try container.decode(Nested.self))
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            if case .inside(let nested) = self { try container.encode(nested) }
        }

        init(depth: Int) { self = depth == 1 ? .leaf : .inside(Nested(depth: depth - 1)) }
    }

    private func brackets(_ depth: Int) -> [UInt8] {
        Array(String(repeating: "[", count: depth).utf8) + Array(String(repeating: "]", count: depth).utf8)
    }

    @Test func `nesting is read and written to the same limit`() throws {
        #expect(try PayloadDecoder().decode(Nested.self, from: brackets(64)) == Nested(depth: 64))
        #expect(try PayloadEncoder().encode(Nested(depth: 64)) == brackets(64))
        #expect(throws: PayloadError.tooDeep(offset: 64, limit: 64)) {
            try PayloadDecoder().decode(Nested.self, from: brackets(65))
        }
        #expect(throws: EncodingError.self) { try PayloadEncoder().encode(Nested(depth: 65)) }
        #expect(try PayloadDecoder(maximumDepth: 3).decode(Nested.self, from: brackets(3)) == Nested(depth: 3))
        #expect(throws: PayloadError.self) {
            try PayloadDecoder(maximumDepth: 3).decode(Nested.self, from: brackets(4))
        }
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":", "[[],"])
    func `a hundred thousand brackets are an error, not a crash`(_ piece: String) {
        let bytes = Array(String(repeating: piece, count: 100_000).utf8)
        #expect(throws: PayloadError.self) { try PayloadDecoder().decode(AnyJSON.self, from: bytes) }
    }

    @Test func `an object that contains itself is an error, not a crash`() {
        final class Cycle: Encodable {
            var next: Cycle?
            init() { next = self }
        }
        let cycle = Cycle()
        defer { cycle.next = nil }
        #expect(throws: EncodingError.self) { try PayloadEncoder().encode(cycle) }
        struct Single: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(Single())
            }
        }
        #expect(throws: EncodingError.self) { try PayloadEncoder().encode(Single()) }
    }
}
