import Martlet

// What `projection-rebuild --json` prints, one object a line; the names are read by other programs.

struct RebuildProgressLine: Encodable {
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

struct RebuildReportLine: Encodable {
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

struct RebuildPlanLine: Encodable {
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

struct RebuildRollBackLine: Encodable {
    let projection: String
    let version: Int
    let versionBefore: Int
    let position: Int64
}

struct RebuildDroppedLine: Encodable {
    let projection: String
    let droppedVersion: Int
}
