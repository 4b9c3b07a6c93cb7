/// What the environment asks for.
struct Settings: Sendable {
    let parts: [Part]
    /// The length of one measurement.
    let seconds: Int
    let rounds: Int

    struct Invalid: Error, CustomStringConvertible { let description: String }

    init(environment: [String: String]) throws(Invalid) {
        parts = try Self.parts(environment["ONLY"])
        seconds = try Self.count("BENCH_SECONDS", 5, in: environment)
        rounds = try Self.count("BENCH_ROUNDS", 3, in: environment)
    }

    private static func parts(_ only: String?) throws(Invalid) -> [Part] {
        guard let only, !only.isEmpty else { return Part.usual }
        guard let part = Part(rawValue: only) else {
            let names = Part.allCases.map(\.rawValue).joined(separator: ", ")
            throw Invalid(description: "ONLY: expected one of \(names), found \"\(only)\"")
        }
        return [part]
    }

    private static func count(
        _ name: String, _ usual: Int, in environment: [String: String]
    ) throws(Invalid) -> Int {
        guard let text = environment[name], !text.isEmpty else { return usual }
        guard let value = Int(text), (1...3600).contains(value) else {
            throw Invalid(description: "\(name): expected a number from 1 to 3600, found \"\(text)\"")
        }
        return value
    }
}
