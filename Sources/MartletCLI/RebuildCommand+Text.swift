import Martlet

extension RebuildReport {
    var text: String {
        let tables = tables.map { table in
            (table.name, "\(table.rows.grouped) rows" + (table.rowsBefore.map { ", before \($0.grouped)" } ?? ""))
        }
        return ([headline] + notes + [CommandSyntax.aligned(tables), "checked: " + verification.text, ending])
            .joined(separator: "\n")
    }

    private var headline: String {
        let what =
            isLive
            ? "version \(version) of \"\(projection)\" is live, instead of \(versionBefore)"
            : "the state of \"\(projection)\" at position \(position), by version \(version), is in \"\(schema)\""
        let time = "\(events.grouped) events in \(elapsed.seconds) (\(Int(eventsPerSecond).grouped)/s)"
        return "\(what): \(time)"
    }

    private var notes: [String] {
        var notes: [String] = []
        if let resumedFrom { notes.append("  went on from position \(resumedFrom), where an earlier run had left it") }
        if let droppedVersion { notes.append("  dropped an unfinished build of version \(droppedVersion)") }
        if parkedKeys > 0 {
            notes.append("  \(parkedKeys.grouped) keys are parked behind events that cannot be projected")
        }
        return notes
    }

    private var ending: String {
        isLive
            ? "the old build is kept: --rollback brings it back, --drop-previous drops it"
            : "the live build is as it was; the next --until replaces this one"
    }
}

extension RebuildReport.Verification {
    var text: String {
        switch self {
        case .sameRows: "the old build had the same rows at the same positions"
        case .acceptedDifferences(let differences):
            "differences were accepted: " + differences.map(\.description).joined(separator: "; ")
        case .sampled(let keys): "\(keys.grouped) keys came out the same when folded apart from the table"
        case .countedOnly: "rows were counted; there is no second opinion on what other SQL has written"
        }
    }
}

extension RebuildPlan {
    var text: String {
        let lines = [
            ("build", "version \(version) of \"\(projection)\" (live: \(versionBefore)) in \"\(schema)\""),
            ("tables", tables.joined(separator: ", ")),
            ("partitions", "\(partitions)"),
            ("read", "\(Int(events).grouped) events, from \(start) to position \(target)"),
            ("check", check.text),
            ("then", swaps ? "swap in one transaction, and keep version \(versionBefore)" : "nothing: no swap"),
            ("time", time),
        ]
        let drops = [
            dropsUnfinished.map { ("drop", "the unfinished build of version \($0), which is of another making") },
            dropsPrevious.map { ("drop", "version \($0), kept from the last rebuild") },
        ].compactMap(\.self)
        let obstacles = obstacles.map { "would be refused now: \($0)" }
        return ([CommandSyntax.aligned(lines + drops)] + obstacles + ["nothing was changed"]).joined(separator: "\n")
    }

    private var start: String {
        resumesFrom.map { "position \($0), where it was left," } ?? "the log's start"
    }

    private var time: String {
        guard let estimate, let eventsPerSecond else { return "not known: nothing can be tried without a trace" }
        return
            "about \(estimate.seconds) or less, at \(Int(eventsPerSecond).grouped) events/s as tried on the first ones"
    }
}

extension RebuildPlan.Check {
    fileprivate var text: String {
        switch self {
        case .sameRows: "row counts and checksums against the live build at the same positions"
        case .sample: "some keys are folded apart from the table"
        case .count: "rows are counted"
        }
    }
}

extension Duration {
    /// `0.42 s`, `61 s`.
    fileprivate var seconds: String {
        let seconds = self / .seconds(1)
        return seconds >= 10 ? "\(Int(seconds).grouped) s" : "\((seconds * 100).rounded() / 100) s"
    }
}
