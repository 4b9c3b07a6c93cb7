import Martlet
import MartletCLI

/// What an import did, for people and, as JSON, for machines.
struct ImportSummary: Codable, Hashable, Sendable {
    var new = 0
    /// Orders that had been placed before with the same content.
    var alreadyThere = 0
    var rejected = 0
    var seconds = 0.0
    var ordersPerSecond = 0.0
    var p50Milliseconds = 0.0
    var p99Milliseconds = 0.0
    /// The highest position that an order of this import stands at.
    var lastPosition: Int64 = 0
    /// How long the read model took to catch up; nil when it was not waited for.
    var caughtUpAfterSeconds: Double?
    var rejectsFile: String?
    /// Why it did not go on to the end; nil when it did.
    var stopped: String?

    var orders: Int { new + alreadyThere + rejected }

    var exitCode: ExitCode { rejected == 0 && stopped == nil ? .success : .failure }

    var text: String {
        var lines = [
            "\(orders.grouped) orders in \(seconds.decimals(1)) s (\(Int(ordersPerSecond).grouped)/s):"
                + " \(new.grouped) new, \(alreadyThere.grouped) already there, \(rejected.grouped) rejected",
            "time per order: p50 \(p50Milliseconds.decimals(1)) ms, p99 \(p99Milliseconds.decimals(1)) ms",
        ]
        if let caughtUpAfterSeconds {
            lines.append(
                "the read model caught up with position \(Int(lastPosition).grouped)"
                    + " \(caughtUpAfterSeconds.decimals(2)) s after the last order")
        }
        if let rejectsFile { lines.append("the rejected lines are in \(rejectsFile)") }
        if let stopped { lines.append("stopped: \(stopped)") }
        return lines.joined(separator: "\n")
    }
}

extension Double {
    /// With so many digits after the point.
    func decimals(_ places: Int) -> String {
        let scale = [1, 10, 100, 1000][min(places, 3)]
        let scaled = Int(exactly: (magnitude * Double(scale)).rounded()) ?? 0
        let fraction = String(scaled % scale)
        let sign = self < 0 ? "-" : ""
        guard places > 0 else { return sign + String(scaled) }
        return "\(sign)\(scaled / scale).\(String(repeating: "0", count: min(places, 3) - fraction.count))\(fraction)"
    }
}
