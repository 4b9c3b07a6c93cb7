import Martlet
import MartletCLI

/// Reads orders as JSON lines and brings them to a destination, many at once, in memory that does not grow.
///
/// A line that is at fault goes to the rejects file and the rest goes on. A destination that is away is tried again for
/// some time; then the import stops, and nothing is rejected for it. Importing again brings what is missing.
struct OrderImport<Destination: OrderDestination>: Sendable {
    let destination: Destination
    var concurrency = 16
    /// How long one order is tried again.
    var patience: Duration = .seconds(30)
    /// The longest line, in bytes.
    var longestLine = 1_048_576

    /// Reads to the end, or to where it has to stop, which the summary tells.
    /// - Throws: ``FileError`` when a file cannot be read or written.
    func run(_ input: InputFile, rejectsPath: String) async throws -> ImportSummary {
        var run = ImportRun(input: input, rejects: RejectsFile(path: rejectsPath))
        var stopped: ImportStopped?
        do {
            try await deliverLines(&run)
        } catch let error as ImportStopped { stopped = error }
        return try run.finish(stopped)
    }

    private func deliverLines(_ run: inout ImportRun) async throws {
        try await withThrowingTaskGroup(of: LineOutcome.self) { group in
            var splitter = LineSplitter(limit: longestLine)
            var running = 0
            var isAtEnd = false
            while !isAtEnd {
                let chunk = try await run.read()
                isAtEnd = chunk.isEmpty
                for piece in isAtEnd ? [splitter.finish()].compactMap(\.self) : splitter.feed(chunk) {
                    guard let line = try run.begin(piece, limit: longestLine) else { continue }
                    if running == concurrency, let outcome = try await group.next() {
                        try run.end(outcome)
                        running -= 1
                    }
                    group.addTask { try await deliver(line) }
                    running += 1
                }
            }
            while let outcome = try await group.next() { try run.end(outcome) }
        }
    }

    private func deliver(_ line: NumberedLine) async throws -> LineOutcome {
        let start = ContinuousClock.now
        do throws(FieldProblem) {
            let order = try ImportedOrder(line: line.bytes)
            let result = try await patiently(order, line.number)
            return LineOutcome(line: line, result: result, duration: ContinuousClock.now - start)
        } catch {
            return LineOutcome(line: line, result: .failure(.init(problem: "\(error)")), duration: .zero)
        }
    }
}
