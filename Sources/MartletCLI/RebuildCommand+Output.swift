import Martlet
import MartletJSON
import Synchronization

/// What `projection-rebuild` prints: text and a bar for a person, JSON lines for a program.
final class RebuildOutput: Sendable {
    private struct Shown {
        /// Of a stage that counts events; of another there is only its name.
        var bar: ProgressBar?
        var stage: RebuildProgress.Stage?
        /// What was read in the stages before, which counts neither for the rate nor for the time left.
        var eventsBefore = 0
        var lastLine: ContinuousClock.Instant?

        func write(_ name: String) {
            if StandardStream.error.isTerminal { StandardStream.error.write("\r\u{1B}[K" + name) }
        }

        mutating func clear() {
            bar?.finish()
            if bar == nil, stage != nil { write("") }
            bar = nil
        }
    }

    private let isJSON: Bool
    private let shown = Mutex(Shown())

    init(isJSON: Bool) { self.isJSON = isJSON }

    func show(_ progress: RebuildProgress) {
        shown.withLock { shown in
            if isJSON { writeLine(progress, &shown) } else { draw(progress, &shown) }
        }
    }

    private func draw(_ progress: RebuildProgress, _ shown: inout Shown) {
        if shown.stage != progress.stage {
            shown.clear()
            (shown.stage, shown.eventsBefore) = (progress.stage, progress.events)
            if progress.stage.countsEvents {
                shown.bar = ProgressBar(
                    label: progress.stage.rawValue, noun: "events", fractionBefore: progress.fraction)
            } else {
                shown.write(progress.stage.rawValue + " …")
            }
        }
        shown.bar?.update(items: progress.events - shown.eventsBefore, fraction: progress.fraction)
    }

    private func writeLine(_ progress: RebuildProgress, _ shown: inout Shown) {
        let now = ContinuousClock.now
        let isDue = shown.lastLine.map { now - $0 >= .milliseconds(200) } ?? true
        guard isDue || shown.stage != progress.stage else { return }
        (shown.stage, shown.lastLine) = (progress.stage, now)
        writeJSON(RebuildProgressLine(progress))
    }

    func endProgress() { shown.withLock { if !isJSON { $0.clear() } } }

    func write(_ report: RebuildReport) {
        if isJSON { writeJSON(RebuildReportLine(report)) } else { StandardStream.output.writeLine(report.text) }
    }

    func write(_ plan: RebuildPlan) {
        if isJSON { writeJSON(RebuildPlanLine(plan)) } else { StandardStream.output.writeLine(plan.text) }
    }

    func write(_ report: RollBackReport) {
        if isJSON {
            writeJSON(
                RebuildRollBackLine(
                    projection: report.projection, version: report.version, versionBefore: report.versionBefore,
                    position: report.position.rawValue))
        } else {
            StandardStream.output.writeLine(
                """
                version \(report.version) of "\(report.projection)" is live again, at position \(report.position); a \
                program of that version goes on from there
                version \(report.versionBefore) is kept: another --rollback brings it back
                """)
        }
    }

    func write(droppedVersion version: Int, of projection: String) {
        if isJSON {
            writeJSON(RebuildDroppedLine(projection: projection, droppedVersion: version))
        } else {
            StandardStream.output.writeLine("dropped version \(version) of \"\(projection)\"")
        }
    }

    private func writeJSON(_ line: some Encodable) {
        // Structs of texts and finite numbers always have a form.
        do { StandardStream.output.writeLine(String(decoding: try PayloadEncoder().encode(line), as: UTF8.self)) } catch
        {
            StandardStream.error.writeLine("projection-rebuild: \(error)")
        }
    }
}

extension RebuildProgress.Stage {
    fileprivate var countsEvents: Bool { self == .filling || self == .catchingUp }
}
