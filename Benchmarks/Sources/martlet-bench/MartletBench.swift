import Foundation

/// Measures Martlet beside pgbench on the server that the `PG*` environment variables name, and prints one line a
/// measure: `measure=append-16 value=… unit=events/s yardstick=… ratio=… p50_ms=… p99_ms=…`.
///
/// `ONLY=append` runs one part, `BENCH_SECONDS=10` sets the length of one measurement, `BENCH_ROUNDS=5` how many rounds
/// the medians are taken of. In each round everything is measured once, so that a drift of the machine meets all alike.
@main
struct MartletBench {
    static func main() async {
        do {
            let settings = try Settings(environment: ProcessInfo.processInfo.environment)
            try await run(settings)
        } catch {
            FileHandle.standardError.write(Data("martlet-bench: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ settings: Settings) async throws {
        print("# \(settings.rounds) rounds of \(settings.seconds) s each; medians, then the slowest and fastest round")
        if settings.includes("append") { try await AppendBench(settings).run() }
    }
}

struct Settings {
    let seconds: Int
    let rounds: Int
    private let only: String?
    private static let parts = ["append"]

    struct Invalid: Error, CustomStringConvertible { let description: String }

    init(environment: [String: String]) throws {
        only = environment["ONLY"].flatMap { $0.isEmpty ? nil : $0 }
        if let only, !Self.parts.contains(only) {
            throw Invalid(description: "ONLY: expected one of \(Self.parts.joined(separator: ", ")), found \"\(only)\"")
        }
        seconds = try Self.count("BENCH_SECONDS", 5, in: environment)
        rounds = try Self.count("BENCH_ROUNDS", 3, in: environment)
    }

    func includes(_ part: String) -> Bool { only == nil || only == part }

    private static func count(_ name: String, _ usual: Int, in environment: [String: String]) throws -> Int {
        guard let text = environment[name], !text.isEmpty else { return usual }
        guard let value = Int(text), (1...3600).contains(value) else {
            throw Invalid(description: "\(name): expected a number from 1 to 3600, found \"\(text)\"")
        }
        return value
    }
}
