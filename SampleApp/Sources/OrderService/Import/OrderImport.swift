import Martlet
import MartletCLI

/// Which steps an import takes.
enum ImportedSteps: Sendable {
    /// Those that are in the file.
    case asWritten
    /// None of those; the fulfilment of each order is requested in their place.
    case fulfilment
    /// The same, and the customer of each such line wants to cancel at once.
    case fulfilmentCancelling(every: Int)

    fileprivate func of(_ order: ImportedOrder, line number: Int) -> ImportedOrder {
        switch self {
        case .asWritten: order
        case .fulfilment: order.requestingFulfilment
        case .fulfilmentCancelling(let every):
            number.isMultiple(of: every) ? order.requestingFulfilment.cancelling : order.requestingFulfilment
        }
    }
}

/// Reads orders as JSON lines and brings them to a destination, many at once, in memory that does not grow.
///
/// A line that is at fault goes to the rejects file and the rest goes on. A destination that is away is tried again for
/// some time; then the import stops, and nothing is rejected for it. Importing again brings what is missing.
struct OrderImport<Destination: OrderDestination>: Sendable {
    let destination: Destination
    var concurrency = 16
    var steps = ImportedSteps.asWritten
    /// How long one order is tried again.
    var patience: Duration = .seconds(30)
    /// The longest line, in bytes.
    var longestLine = 1_048_576

    /// Reads to the end, or to where it has to stop, which the summary tells.
    /// - Throws: ``FileError`` when a file cannot be read or written.
    func run(_ input: InputFile, rejectsPath: String) async throws -> ImportSummary {
        var run = ImportRun(size: input.size, rejects: RejectsFile(path: rejectsPath))
        var stopped: ImportStopped?
        do {
            try await deliverLines(of: input, &run)
        } catch let error as ImportStopped { stopped = error }
        return try run.finish(stopped)
    }

    private func deliverLines(of input: InputFile, _ run: inout ImportRun) async throws {
        try await withThrowingTaskGroup(of: LineOutcome.self) { group in
            var splitter = LineSplitter(limit: longestLine)
            var running = 0
            var isAtEnd = false
            while !isAtEnd {
                let chunk = try await input.read()
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
        let order: ImportedOrder
        do throws(FieldProblem) { order = steps.of(try ImportedOrder(line: line.bytes), line: line.number) } catch {
            return LineOutcome(line: line, result: .rejected(error.description))
        }
        do throws(DeliveryError) {
            let delivery = try await destination.deliver(order)
            return LineOutcome(line: line, result: .delivered(delivery, ContinuousClock.now - start))
        } catch {
            return try await recover(from: error, order, line, start)
        }
    }

    /// Tries again while there is hope.
    /// - Throws: ``ImportStopped`` when there is none; `CancellationError`.
    private func recover(
        from first: DeliveryError, _ order: ImportedOrder, _ line: NumberedLine, _ start: ContinuousClock.Instant
    ) async throws -> LineOutcome {
        var error = first
        var pause: Duration = .milliseconds(50)
        while true {
            switch error {
            case .refused(let problem): return LineOutcome(line: line, result: .rejected(problem))
            case .broken(let problem): throw ImportStopped(line: line.number, problem: problem)
            case .away(let problem):
                guard ContinuousClock.now - start < patience else {
                    throw ImportStopped(line: line.number, problem: "\(problem) (tried for \(patience))")
                }
            }
            try await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, .seconds(2))
            do throws(DeliveryError) {
                let delivery = try await destination.deliver(order)
                return LineOutcome(line: line, result: .delivered(delivery, ContinuousClock.now - start))
            } catch let next { error = next }
        }
    }
}
