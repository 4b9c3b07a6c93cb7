import Foundation
import MartletCLI

/// Measures Martlet beside pgbench on the server that the `PG*` environment variables name, and prints one line a
/// measure: `measure=append-16 value=… unit=events/s yardstick=… ratio=… p50_ms=… p99_ms=…`.
///
/// `ONLY=append` runs one ``Part``, `BENCH_SECONDS=10` sets the length of one measurement, `BENCH_ROUNDS=5` how many
/// rounds the medians are taken of. In each round everything is measured once, so that a drift of the machine meets all
/// alike.
@main
struct MartletBench {
    static func main() async {
        do {
            if let worker = ProjectWorker(arguments: CommandLine.arguments.dropFirst()) {
                try await worker.run()
            } else if let worker = RebuildWorker(arguments: CommandLine.arguments.dropFirst()) {
                try await worker.run()
            } else if let worker = try AppendWorker(arguments: CommandLine.arguments.dropFirst()) {
                try await worker.run()
            } else {
                try await run(try Settings(environment: ProcessInfo.processInfo.environment))
            }
        } catch {
            StatusLine.clear()
            StandardStream.error.writeLine("martlet-bench: \(error)")
            exit(1)
        }
    }

    private static func run(_ settings: Settings) async throws {
        StandardStream.output.writeLine(
            "# \(settings.rounds) rounds of \(settings.seconds) s each; medians, then the slowest and fastest round")
        for part in settings.parts { try await part.run(settings) }
    }
}
