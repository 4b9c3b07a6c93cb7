import Foundation

/// Several processes of callers on one log, at work at the same time; what they write is summed.
struct AppendProcesses {
    let database: String
    let seconds: Int

    func measure(_ count: Int, callers: Int) throws -> Measurement {
        let worker = AppendWorker(database: database, callers: callers, seconds: seconds)
        let programs = try (0..<count).map { _ in try Program([Program.own] + worker.arguments) }
        for program in programs {
            let answer = program.read()
            guard answer == "ready\n" else { throw Program.Failed(description: "expected \"ready\", found \(answer)") }
        }
        for program in programs { try program.write("begin\n") }
        let reports = try programs.map { try report($0.finish()) }
        return Measurement(
            rate: reports.map { Double($0.latencies.count) / ($0.elapsed / .seconds(1)) }.reduce(0, +),
            latency: Latency(reports.flatMap(\.latencies)))
    }

    private func report(_ text: String) throws -> (elapsed: Duration, latencies: [Duration]) {
        let times = text.split(separator: "\n").compactMap { Int($0) }.map { Duration.microseconds($0) }
        guard let elapsed = times.first, elapsed > .zero else {
            throw Program.Failed(description: "expected a worker's report, found \(text)")
        }
        return (elapsed, Array(times.dropFirst()))
    }
}
