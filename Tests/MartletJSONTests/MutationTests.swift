import MartletJSON
import Testing

struct MutationTests {
    private static let interesting =
        Array("{}[]\",:\\u0123456789eE+-. tfnrdDcC89\u{1}".utf8) + [0x00, 0x7F, 0x80, 0xBF, 0xC3, 0xED, 0xF0, 0xFF]

    /// Twenty batches of a thousand documents each, made from the corpus by a few random edits.
    @Test(arguments: 0..<20)
    func `a damaged document is accepted exactly when Foundation accepts it`(_ batch: Int) throws {
        var generator = SplitMix64(seed: 0x6D61_7274 + UInt64(batch))
        let decoder = PayloadDecoder(maximumDepth: 512)
        for _ in 0..<1_000 {
            var document = Array(generator.element(of: Corpus.valid + Corpus.invalid).utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) { Self.mutate(&document, using: &generator) }
            let ours = try? decoder.decode(AnyJSON.self, from: document)
            let theirs = Oracle.value(document)
            if ours == nil, Oracle.isKnownToBeLenient(document) { continue }
            if ours != nil, theirs != nil, ours != theirs, Oracle.isKnownToBeInexact(document) { continue }
            #expect(ours == theirs, "\(String(decoding: document, as: UTF8.self).debugDescription)")
        }
    }

    @Test(arguments: 0..<10)
    func `a damaged document never passes for a case that it is not`(_ batch: Int) throws {
        var generator = SplitMix64(seed: 0x6361_7365 + UInt64(batch))
        let encoder = PayloadEncoder()
        for _ in 0..<500 {
            var (name, payload) = try encoder.encodeCase(Sample.random(using: &generator))
            Self.mutate(&payload, using: &generator)
            guard let value = try? PayloadDecoder().decodeCase(Sample.self, name: name, payload: payload) else {
                continue
            }
            let again = try encoder.encodeCase(value)
            #expect(again.name == name)
            #expect(try PayloadDecoder().decodeCase(Sample.self, name: name, payload: again.payload) == value)
        }
    }

    private static func mutate(_ document: inout [UInt8], using generator: inout SplitMix64) {
        let place = Int.random(in: 0...document.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: document.insert(generator.element(of: interesting), at: place)
        case 1: document.removeSubrange(place..<min(place + Int.random(in: 1...3, using: &generator), document.count))
        case 2: if place < document.count { document[place] = generator.element(of: interesting) }
        case 3: document.removeSubrange(place...)
        case 4: document.insert(contentsOf: document[place...].prefix(4), at: place)
        default: if place < document.count { document[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        }
    }
}
