import Martlet
import MartletCLI

/// A line of the input, counted from 1.
struct NumberedLine: Hashable, Sendable {
    let number: Int
    let bytes: [UInt8]
}

/// What became of one line.
struct LineOutcome: Sendable {
    enum Result: Sendable {
        case delivered(Delivery, Duration)
        case rejected(String)
    }

    let line: NumberedLine
    let result: Result
}

/// The import cannot go on; what had been delivered stays delivered.
struct ImportStopped: Error, Hashable {
    let line: Int
    let problem: String
}

/// What an import has come to so far: it counts, keeps the rejected lines and shows the progress.
///
/// Only the import's own task touches it, so that two rejected lines never mix in the file.
struct ImportRun {
    /// Of the whole input, in bytes; nil when it is not known.
    private let size: Int?
    private var rejects: RejectsFile
    private var bar = ProgressBar(label: "importing", noun: "orders")
    private let start = ContinuousClock.now
    private var bytesDone = 0
    private var lineNumber = 0
    private var times = TimeHistogram()
    private var summary = ImportSummary()

    init(size: Int?, rejects: RejectsFile) {
        self.size = size
        self.rejects = rejects
    }

    /// The line to deliver; nil when the piece is blank, or of a line that is too long and goes to the rejects.
    mutating func begin(_ piece: LineSplitter.Piece, limit: Int) throws(FileError) -> NumberedLine? {
        switch piece {
        case .line(let bytes):
            lineNumber += 1
            let isBlank = bytes.allSatisfy { [0x20, 0x09, 0x0D].contains($0) }
            guard isBlank else { return NumberedLine(number: lineNumber, bytes: bytes) }
            bytesDone += bytes.count + 1
            return nil
        case .overlong(let bytes, let isEnd):
            try rejects.write(bytes)
            bytesDone += bytes.count
            guard isEnd else { return nil }
            lineNumber += 1
            try reject(line: lineNumber, "expected at most \(limit) bytes, found more")
            return nil
        }
    }

    mutating func end(_ outcome: LineOutcome) throws(FileError) {
        switch outcome.result {
        case .delivered(let delivery, let duration):
            if delivery.isNew { summary.new += 1 } else { summary.alreadyThere += 1 }
            summary.lastPosition = max(summary.lastPosition, delivery.position.rawValue)
            times.add(duration)
        case .rejected(let problem):
            try rejects.write(outcome.line.bytes)
            try reject(line: outcome.line.number, problem)
        }
        bytesDone += outcome.line.bytes.count + 1
        bar.update(items: summary.orders, fraction: size.map { Double(bytesDone) / Double(max(1, $0)) })
    }

    mutating func finish(_ stopped: ImportStopped?) throws(FileError) -> ImportSummary {
        bar.finish()
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        summary.ordersPerSecond = Double(summary.orders) / max(summary.seconds, 0.000_001)
        summary.p50Milliseconds = times.percentile(0.5) / .milliseconds(1)
        summary.p99Milliseconds = times.percentile(0.99) / .milliseconds(1)
        summary.rejectsFile = try rejects.finish()
        summary.stopped = stopped.map { "line \($0.line): \($0.problem)" }
        return summary
    }

    private mutating func reject(line number: Int, _ problem: String) throws(FileError) {
        try rejects.write([UInt8(ascii: "\n")])
        summary.rejected += 1
        bar.note("line \(number): \(problem)")
    }
}
