import Foundation
import MartletJSON

// The entry points of libFuzzer, which looks for documents that make a check fail. See Scripts/fuzz.

/// Writes the documents of the tests to the directory that `SEEDS` names, for the fuzzer to begin with.
@_cdecl("LLVMFuzzerInitialize")
public func writeSeeds(_: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?) -> CInt {
    guard let directory = ProcessInfo.processInfo.environment["SEEDS"] else { return 0 }
    var generator = SplitMix64(seed: 1)
    let texts = Corpus.valid + Corpus.invalid
    let samples = (0..<200).compactMap { _ in try? PayloadEncoder().encode(Sample.random(using: &generator)) }
    let payloads = samples.compactMap { _ in
        try? PayloadEncoder().encodeCase(Sample.random(using: &generator)).payload
    }
    let seeds = texts.map { Array($0.utf8) } + Corpus.invalidUTF8 + samples + payloads
    for (index, seed) in seeds.enumerated() {
        _ = FileManager.default.createFile(atPath: "\(directory)/seed-\(index)", contents: Data(seed))
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func checkDocument(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    let document = Document(bytes: Array(UnsafeRawBufferPointer(start: start, count: count)))
    document.checkValue()
    document.checkTree()
    document.checkCases()
    document.checkWholeCase()
    return 0
}

private struct Document {
    let bytes: [UInt8]
    private let decoder = PayloadDecoder(maximumDepth: 512)

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) {
        guard !condition else { return }
        fatalError("\(message()): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }

    /// The value, or nil after a check that the error names a place in the bytes.
    private func value<T>(_ decode: () throws -> T) -> T? {
        do {
            return try decode()
        } catch PayloadError.malformed(let offset, _, _, _), PayloadError.tooDeep(let offset, _) {
            require((0...bytes.count).contains(offset), "the offset \(offset) is outside")
        } catch PayloadError.unknownCase, PayloadError.notACase {
            return nil
        } catch let error as DecodingError {
            // Synthesised code complains itself about an enum that has not one case.
            let text = "\(error)"
            require(text.contains("payload byte ") || text.contains("Invalid number of keys"), "no offset in \(text)")
        } catch {
            require(false, "an error of another type, \(error)")
        }
        return nil
    }

    /// The same documents as Foundation's are read, as the same value.
    func checkValue() {
        let ours = value { try decoder.decode(AnyJSON.self, from: bytes) }
        if ours == nil, Oracle.isKnownToBeLenient(bytes) { return }
        let theirs = Oracle.value(bytes)
        if ours != theirs, ours != nil, theirs != nil, Oracle.isKnownToBeInexact(bytes) { return }
        require(ours == theirs, "read as \(String(describing: ours)), by Foundation as \(String(describing: theirs))")
        guard let ours, let again = value({ try PayloadEncoder(maximumDepth: 512).encode(ours) }) else { return }
        // A fraction that no `Double` has may become a whole number, which is read as an integer the second time.
        if Oracle.isKnownToBeInexact(bytes) { return }
        require(value { try decoder.decode(AnyJSON.self, from: again) } == ours, "does not come back")
    }

    /// A tree is read when anything is, and comes back to the last digit.
    func checkTree() {
        let error = problem { _ = try decoder.decode(Nothing.self, from: bytes) }
        guard let tree = value({ try JSONValue(parsing: bytes, maximumDepth: 512) }) else {
            return require(error == problem { _ = try JSONValue(parsing: bytes, maximumDepth: 512) }, "two errors")
        }
        require(error == nil, "a tree of what a decoder rejects")
        require(value { try JSONValue(parsing: tree.bytes, maximumDepth: 512) } == tree, "a tree does not come back")
        require(Oracle.value(tree.bytes) == Oracle.value(bytes) || Oracle.isKnownToBeLenient(bytes), "a tree differs")
    }

    /// Whatever is read as the payload of a case is written again in one form.
    func checkCases() {
        for name in ["opened", "received", "placed", "thin", "maybe", "annotated", "pair", "table", "wrapped", "at"] {
            let read = value { try PayloadDecoder().decodeCase(Sample.self, name: name, payload: bytes) }
            guard let read, let written = try? PayloadEncoder().encodeCase(read) else { continue }
            let again = value { try PayloadDecoder().decodeCase(Sample.self, name: name, payload: written.payload) }
            require(again == read || name == "at", "the case \(name) does not come back")
            let second = again.flatMap { try? PayloadEncoder().encodeCase($0) }
            require(second?.payload == written.payload && second?.name == name, "the case \(name) changes")
        }
    }

    /// What Foundation reads as a case is read the same, if it is JSON also where Foundation did not look. Dates are
    /// written otherwise.
    func checkWholeCase() {
        let ours = value { try decoder.decode(Sample.self, from: bytes) }
        guard problem({ _ = try decoder.decode(Nothing.self, from: bytes) }) == nil else { return }
        guard let theirs = try? JSONDecoder().decode(Sample.self, from: Data(bytes)) else { return }
        if case .at = theirs { return }
        require(ours == theirs || Oracle.isKnownToBeLenient(bytes) || bytes.contains { $0 >= 0x80 }, "a case differs")
    }

    private func problem(_ body: () throws -> Void) -> PayloadError? {
        do {
            try body()
            return nil
        } catch {
            return error as? PayloadError
        }
    }
}

/// Decodes from anything.
private struct Nothing: Decodable {
    init(from decoder: any Decoder) throws {}
}
