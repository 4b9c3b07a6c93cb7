public import MartletDomain

/// Why a projection was not rebuilt; the live build serves on as before.
public enum RebuildError: Error, Hashable, Sendable {
    /// The projection does not declare the tables that it writes.
    case noTables(projection: String)
    /// There is no build of it: the application was never migrated.
    case neverBuilt(projection: String)
    /// A newer version is live.
    case olderThanLive(projection: String, declared: Int, live: Int)
    /// Another process rebuilds it.
    case underWay(projection: String)
    /// An event cannot be projected, and the projection says that it must not be passed.
    case cannotPass(projection: String, reason: String)
    /// The new build's rows are not those of the old one.
    case different(projection: String, [TableDifference])
    /// Rows do not come out the same when they are folded again.
    case unstable(projection: String, keys: [String])
    /// Readers held the old tables for all the time in which the swap was tried.
    case tablesInUse(projection: String, tried: Duration)
    /// That version is live already, and a rebuild would drop the build that a roll-back would bring back.
    case alreadyLive(projection: String, version: Int, previous: Int)
    /// A roll-back or another rebuild has put another build in the live one's place meanwhile.
    case liveChanged(projection: String)
    /// Other objects hold on to the live or the previous tables: they would not follow a swap, nor let them be dropped.
    case dependents(projection: String, [String])
    /// There is nothing to roll back to, or to drop.
    case noPrevious(projection: String)
    /// The past state lies beyond the log's end.
    case beyondTheLog(GlobalPosition, head: GlobalPosition)
}

extension RebuildError {
    /// Whether what was built is not to be gone on with.
    var isOfTheRows: Bool {
        switch self {
        case .different, .unstable: true
        default: false
        }
    }
}

extension RebuildError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noTables(let name):
            "projection \"\(name)\": expected it to declare its tables, found none; without them it cannot be rebuilt"
        case .neverBuilt(let name): "projection \"\(name)\": there is nothing to rebuild yet; migrate first"
        case .olderThanLive(let name, let declared, let live):
            "projection \"\(name)\": version \(live) is live, and this program has only version \(declared);"
                + " a roll-back brings the version before back"
        case .underWay(let name): "projection \"\(name)\": another process is rebuilding it"
        case .cannotPass(let name, let reason): "projection \"\(name)\" cannot pass \(reason)"
        case .different(let name, let differences):
            "projection \"\(name)\": the new build is not what the live one is, so it was not swapped in: "
                + differences.map(\.description).joined(separator: "; ")
                + "; events that are parked or were discarded in the live one are projected in the new one;"
                + " to swap it in nevertheless: --accept-differences (RebuildOptions.acceptsDifferences)"
        case .unstable(let name, let keys):
            "projection \"\(name)\": rows do not come out the same when they are folded again: keys "
                + keys.map { "\"\($0)\"" }.joined(separator: ", ")
        case .tablesInUse(let name, let time):
            "projection \"\(name)\": its tables were in use by long readers for all of \(time), so the swap was given"
                + " up; the new build is kept and will be taken up again"
        case .dependents(let name, let objects):
            "projection \"\(name)\": these hold on to its tables themselves, and would neither follow a swap nor let"
                + " the tables be dropped: " + objects.joined(separator: ", ")
        case .alreadyLive(let name, let version, let previous):
            "projection \"\(name)\": version \(version) is live already, and another rebuild would drop version"
                + " \(previous), which is kept for a roll-back; drop that first (--drop-previous), or ask for the"
                + " rebuild all the same (--again, RebuildOptions.replacesPrevious)"
        case .liveChanged(let name):
            "projection \"\(name)\": another build became the live one during the rebuild, by a roll-back or another"
                + " rebuild, so nothing was swapped; the new build is kept"
        case .noPrevious(let name): "projection \"\(name)\": there is no previous build"
        case .beyondTheLog(let position, let head):
            "expected a position up to the log's end \(head), found \(position)"
        }
    }
}

extension TableDifference: CustomStringConvertible {
    public var description: String {
        let keys = examples.map { "\"\($0)\"" }.joined(separator: ", ")
        return "table \"\(table)\": \(rows) \(rows == 1 ? "row differs" : "rows differ")"
            + (examples.isEmpty ? "" : " (\(keys)\(rows > examples.count ? ", …" : ""))")
    }
}
