/// The event codec beside Foundation's `JSONEncoder` and `JSONDecoder`, which are given the whole `{"sent":{…}}`: an
/// event a line, then the geometric mean over all.
struct CodecBench {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        for round in 1...settings.rounds {
            StatusLine.show("measuring the codec, round \(round) of \(settings.rounds)")
            add(try pairs { try $0.decode(for: settings.seconds) }, to: "decode", &results)
            add(try pairs { try $0.encode(for: settings.seconds) }, to: "encode", &results)
        }
        StatusLine.clear()
        results.write { $0.hasPrefix("codec-") }
    }

    private func pairs(_ code: (any CodecSample) throws -> CodecPair) throws -> [(name: String, pair: CodecPair)] {
        let pairs = try CodecSamples.all.map { (name: "-" + $0.name, pair: try code($0)) }
        return pairs + [("", .mean(pairs.map(\.pair)))]
    }

    private func add(_ pairs: [(name: String, pair: CodecPair)], to direction: String, _ results: inout Results) {
        for (name, pair) in pairs {
            let foundation = "foundation-\(direction)\(name)"
            results.add(pair.martlet, to: "codec-\(direction)\(name)", beside: [foundation])
            results.add(pair.foundation, to: foundation, beside: [])
        }
    }
}
