import Foundation
import MartletCLI

/// Lines that say where the time has gone; they begin with `#`, since they are no measures.
struct CostReport {
    let spent: ServerCounters
    /// How many of what were done meanwhile.
    let count: Int
    let noun: String
    private static let longest = 16

    func write(_ title: String) {
        let divisor = Double(max(count, 1))
        func each(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value / divisor) }
        StandardStream.output.writeLine(
            "# \(title), for each of \(count) \(noun): \(each(Double(spent.calls), 1)) statements,"
                + " \(each(Double(spent.commits), 1)) commits, \(each(Double(spent.walBytes) / 1000, 1)) kB of WAL,"
                + " \(each(spent.clientTime * 1000, 2)) ms of the client's processor time,"
                + " \(each(spent.serverTime * 1000, 2)) ms of the server's")
        guard !spent.statements.isEmpty else { return }
        StandardStream.output.writeLine("#   calls  ms in all  planning  us a call  WAL bytes  statement")
        let costly = spent.statements.sorted { $0.value.milliseconds > $1.value.milliseconds }
        for (text, cost) in costly.prefix(Self.longest) where cost.calls > 0 {
            let line = String(
                format: "# %7.3f %10.3f %9.3f %10.0f %10.0f", Double(cost.calls) / divisor, cost.milliseconds / divisor,
                cost.planning / divisor, cost.milliseconds * 1000 / Double(cost.calls), Double(cost.walBytes) / divisor)
            StandardStream.output.writeLine("\(line)  \(Self.summary(of: text))")
        }
    }

    private static func summary(of text: String) -> String {
        String(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(120))
    }
}
