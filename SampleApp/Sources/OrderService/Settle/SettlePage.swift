import MartletCLI

/// The ends of fulfilments as a page for a terminal.
struct SettlePage: Sendable {
    private let report: SettleReport
    private let barWidth = 36

    init(_ report: SettleReport) {
        self.report = report
    }

    var text: String {
        [ends, books, left].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var cancelled: Int { report.cancelled.reduce(0) { $0 + $1.orders } }

    private var ends: String {
        let all = max(1, report.completed + cancelled)
        var rows = [("completed", report.completed), ("cancelled", cancelled)]
        rows += report.cancelled.map { ("  " + ($0.reason.isEmpty ? "no reason given" : $0.reason), $0.orders) }
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { label, orders in
            let bar = Bar.text(Double(orders) / Double(all), width: barWidth)
            return line(label, orders.grouped, width) + (bar.isEmpty ? "" : "  " + bar)
        }
        return (["Fulfilments"] + lines).joined(separator: "\n")
    }

    private var books: String {
        let books = report.books
        let rows = [
            ("authorised", books.authorisedCents.euros), ("voided", (0 - books.voidedCents).euros),
            ("captured", books.capturedCents.euros), ("refunded", (0 - books.refundedCents).euros),
            ("kept", books.keptCents.euros), ("pieces sent", books.dispatchedPieces.grouped),
        ]
        return (["Books"] + rows.map { line($0, $1, 12) }).joined(separator: "\n")
    }

    private var left: String {
        let standing = report.standing
        guard !standing.isSettled else {
            let all = report.completed + cancelled
            return "all \(all.grouped) fulfilments have ended, after a wait of \(report.seconds.decimals(1)) s"
        }
        var lines = [
            "\(standing.open.grouped) fulfilments have not ended after a wait of \(report.seconds.decimals(1)) s;"
                + " \(standing.outgoing.grouped) commands and calls have not arrived,"
                + " \(Int(standing.lag).grouped) events to be read"
        ]
        if standing.state != "running" || standing.problem != nil {
            lines.append("they are \(standing.state)" + (standing.problem.map { ": \($0.onOneLine)" } ?? ""))
        }
        if standing.parked > 0 {
            lines.append("\(standing.parked.grouped) wait for an operator: order-service processes fulfilment --stuck")
        }
        lines += report.left.map { "  \($0.order) (\($0.status), \($0.phase)) \($0.standing.onOneLine)" }
        if standing.open > report.left.count { lines.append("  and others") }
        return lines.joined(separator: "\n")
    }

    private func line(_ label: String, _ number: String, _ width: Int) -> String {
        let space = max(0, width - label.count) + max(0, 16 - number.count)
        return "  " + label + String(repeating: " ", count: space) + number
    }
}
