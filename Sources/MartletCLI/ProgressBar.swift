/// One line on standard error that is redrawn in place, at most ten times a second; nothing at all when no person is
/// looking.
public struct ProgressBar: Sendable {
    private let label: String
    private let noun: String
    private let stream: StandardStream
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let fractionBefore: Double
    private var lastDrawn: ContinuousClock.Instant?
    private var line = ""

    /// - Parameters:
    ///   - noun: what is counted, in the plural.
    ///   - fractionBefore: what of the whole is done already.
    public init(label: String, noun: String, fractionBefore: Double = 0, stream: StandardStream = .error) {
        self.label = label
        self.noun = noun
        self.fractionBefore = fractionBefore
        self.stream = stream
        isShown = stream.isTerminal
    }

    /// Shows how far the work has come, unless it was shown a moment ago.
    public mutating func update(items: Int, fraction: Double?) {
        let now = ContinuousClock.now
        guard isShown, lastDrawn.map({ now - $0 >= .milliseconds(100) }) ?? true else { return }
        lastDrawn = now
        let progress = Progress(
            items: items, fraction: fraction, elapsed: now - start, fractionBefore: fractionBefore)
        line = progress.line(label: label, noun: noun, width: stream.width - 1)
        stream.write("\r\u{1B}[K" + line)
    }

    /// Writes a line of its own above the bar.
    public func note(_ text: String) {
        stream.write(isShown && !line.isEmpty ? "\r\u{1B}[K\(text)\n\(line)" : text + "\n")
    }

    /// Takes the bar away, so that what is written next begins on a clean line.
    public mutating func finish() {
        if isShown, !line.isEmpty { stream.write("\r\u{1B}[K") }
        line = ""
    }
}
