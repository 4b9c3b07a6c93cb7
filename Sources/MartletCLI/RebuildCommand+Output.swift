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
        writeJSON(ProgressLine(progress))
    }

    func endProgress() { shown.withLock { if !isJSON { $0.clear() } } }

    func write(_ report: RebuildReport) {
        if isJSON { writeJSON(ReportLine(report)) } else { StandardStream.output.writeLine(report.text) }
    }

    func write(_ plan: RebuildPlan) {
        if isJSON { writeJSON(PlanLine(plan)) } else { StandardStream.output.writeLine(plan.text) }
    }

    func write(_ report: RollBackReport) {
        if isJSON {
            writeJSON(
                RollBackLine(
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
            writeJSON(DroppedLine(projection: projection, droppedVersion: version))
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

private struct ProgressLine: Encodable {
    let stage: String
    let position: Int64
    let target: Int64
    let percent: Double
    let events: Int
    let eventsPerSecond: Int
    let remainingSeconds: Double?

    init(_ progress: RebuildProgress) {
        (stage, position) = (progress.stage.rawValue, progress.position.rawValue)
        (target, events) = (progress.target.rawValue, progress.events)
        percent = (progress.fraction * 1000).rounded() / 10
        eventsPerSecond = Int(progress.eventsPerSecond)
        remainingSeconds = progress.remaining.map { ($0 / .seconds(1) * 10).rounded() / 10 }
    }
}

private struct ReportLine: Encodable {
    struct Table: Encodable {
        let name: String
        let rows: Int
        let rowsBefore: Int?
    }

    let done = true
    let projection: String
    let version: Int
    let versionBefore: Int
    let isLive: Bool
    let schema: String
    let position: Int64
    let events: Int
    let seconds: Double
    let eventsPerSecond: Int
    let resumedFrom: Int64?
    let tables: [Table]
    let checked: String
    let parkedKeys: Int

    init(_ report: RebuildReport) {
        (projection, version, versionBefore) = (report.projection, report.version, report.versionBefore)
        (isLive, schema, position) = (report.isLive, report.schema, report.position.rawValue)
        (events, seconds) = (report.events, report.elapsed / .seconds(1))
        eventsPerSecond = Int(report.eventsPerSecond)
        resumedFrom = report.resumedFrom?.rawValue
        tables = report.tables.map { Table(name: $0.name, rows: $0.rows, rowsBefore: $0.rowsBefore) }
        (checked, parkedKeys) = (report.verification.text, report.parkedKeys)
    }
}

private struct PlanLine: Encodable {
    let projection: String
    let version: Int
    let versionBefore: Int
    let partitions: Int
    let tables: [String]
    let schema: String
    let target: Int64
    let events: Int64
    let resumesFrom: Int64?
    let dropsUnfinished: Int?
    let dropsPrevious: Int?
    let swaps: Bool
    let eventsPerSecond: Int?
    let seconds: Double?
    let obstacles: [String]

    init(_ plan: RebuildPlan) {
        (projection, version, versionBefore) = (plan.projection, plan.version, plan.versionBefore)
        (partitions, tables, schema) = (plan.partitions, plan.tables, plan.schema)
        (target, events, resumesFrom) = (plan.target.rawValue, plan.events, plan.resumesFrom?.rawValue)
        (dropsUnfinished, dropsPrevious, swaps) = (plan.dropsUnfinished, plan.dropsPrevious, plan.swaps)
        (eventsPerSecond, obstacles) = (plan.eventsPerSecond.map { Int($0) }, plan.obstacles)
        seconds = plan.estimate.map { $0 / .seconds(1) }
    }
}

private struct RollBackLine: Encodable {
    let projection: String
    let version: Int
    let versionBefore: Int
    let position: Int64
}

private struct DroppedLine: Encodable {
    let projection: String
    let droppedVersion: Int
}
