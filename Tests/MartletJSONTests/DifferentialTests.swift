import Foundation
import MartletJSON
import Testing

struct DifferentialTests {
    private let decoder = PayloadDecoder(maximumDepth: 512)

    @Test(arguments: Corpus.valid)
    func `valid JSON is read as Foundation reads it`(_ text: String) throws {
        let expected = try #require(Oracle.value(Array(text.utf8)))
        #expect(try decoder.decode(AnyJSON.self, from: Array(text.utf8)) == expected)
    }

    @Test(arguments: Corpus.invalid)
    func `invalid JSON is rejected with its place`(_ text: String) {
        #expect(throws: PayloadError.self) { try decoder.decode(AnyJSON.self, from: Array(text.utf8)) }
    }

    @Test(arguments: Corpus.invalid)
    func `Foundation rejects it too`(_ text: String) {
        #expect(Oracle.value(Array(text.utf8)) == nil || Oracle.isKnownToBeLenient(Array(text.utf8)))
    }

    @Test(arguments: Corpus.invalidUTF8)
    func `invalid UTF-8 is rejected in strings and keys`(_ bytes: [UInt8]) {
        for (before, after) in [("\"", "\""), ("\"some letters before ", " and after\""), ("{\"", "\":1}")] {
            let document = Array(before.utf8) + bytes + Array(after.utf8)
            #expect(throws: PayloadError.self) { try decoder.decode(AnyJSON.self, from: document) }
            #expect(Oracle.value(document) == nil || Oracle.isKnownToBeLenient(document))
        }
    }

    @Test(arguments: [
        "[1,]", "[1,2 , ]", "{\"a\":1,\"a\":\"\u{1F}\"}",
        "{\"a\":1,\"a\":{\"\u{1F}\":2}}", "{\"a\":1,}", "{\"a\":[{},],\n}", "\u{FEFF}1", "\u{0}1", "1\u{0}", "[1e-400]",
    ])
    func `what Foundation reads beyond RFC 8259 is rejected`(_ text: String) {
        #expect(Oracle.isKnownToBeLenient(Array(text.utf8)))
        #expect(throws: (any Error).self) { try decoder.decode(AnyJSON.self, from: Array(text.utf8)) }
    }

    @Test(arguments: ["99999999999999999.9", "[99999999999999999.9]"])
    func `a number that is not whole is never an integer, as it is for Foundation`(_ text: String) throws {
        let bytes = Array(text.utf8)
        #expect(Oracle.isKnownToBeInexact(bytes))
        let value = try decoder.decode(AnyJSON.self, from: bytes)
        #expect(value == .double(1e17) || value == .array([.double(1e17)]))
    }

    @Test(arguments: 0..<200)
    func `random values survive every pair of encoder and decoder`(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let value = AnyJSON.random(depth: 5, using: &generator)
        let ours = try PayloadEncoder().encode(value)
        #expect(try PayloadDecoder().decode(AnyJSON.self, from: ours) == value)
        #expect(try JSONDecoder().decode(AnyJSON.self, from: Data(ours)) == value)
        let theirs = try JSONEncoder().encode(value)
        #expect(try PayloadDecoder().decode(AnyJSON.self, from: Array(theirs)) == value)
    }
}
