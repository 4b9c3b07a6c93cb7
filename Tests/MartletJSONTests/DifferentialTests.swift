import Foundation
import MartletJSON
import Testing

/// Foundation's answer to what this module is asked.
enum Oracle {
    static func value(_ bytes: [UInt8]) -> AnyJSON? { try? JSONDecoder().decode(AnyJSON.self, from: Data(bytes)) }

    /// Where Foundation reads what RFC 8259 forbids, or more than UTF-8: a comma before a closing bracket, a byte order
    /// mark, UTF-16 and UTF-32 told by zeros among the first four bytes, integers from numbers too small for a
    /// `Double`, and bytes that are no UTF-8 in values that nobody asks for.
    static func isKnownToBeLenient(_ bytes: [UInt8]) -> Bool {
        if bytes.prefix(4).contains(where: { $0 == 0 || $0 >= 0xEF }) { return true }
        guard let text = String(validating: bytes, as: UTF8.self) else { return true }
        return text.contains(/,[ \t\r\n]*[\]}]/) || text.contains(/[eE]-[0-9]{3}/)
    }
}

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
        "[1,]", "[1,2 , ]", "{\"a\":1,}", "{\"a\":[{},],\n}", "\u{FEFF}1", "\u{0}1", "1\u{0}", "[1e-400]",
    ])
    func `what Foundation reads beyond RFC 8259 is rejected`(_ text: String) {
        #expect(Oracle.isKnownToBeLenient(Array(text.utf8)))
        #expect(throws: (any Error).self) { try decoder.decode(AnyJSON.self, from: Array(text.utf8)) }
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
