import MartletCLI
import OrderReadModel

/// A report as a page for a terminal: bars, aligned numbers, no colours, so that it can be piped and mailed.
struct ReportPage: Sendable {
    private let report: ShopReport
    private let barWidth = 36
    /// Days before these are summed up in one line.
    private let shownDays = 31

    init(_ report: ShopReport) {
        self.report = report
    }

    var text: String {
        guard report.orders > 0 else { return "No orders yet. " + (behind.isEmpty ? advice : behind) }
        return [ordersByState, revenueByDay, totals, behind].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private let advice = "Try: order-service import Data/orders.jsonl --wait"

    private var behind: String {
        report.lag == 0 ? "" : "Behind by \(Int(report.lag).grouped) events; order-service serve keeps it up to date."
    }

    private var ordersByState: String {
        let most = report.states.map(\.orders).max() ?? 0
        let lines = report.states.map { state in
            let share = "\((Double(state.orders) / Double(max(1, report.orders)) * 100).decimals(0)) %"
            return row(state.status.rawValue, state.orders.grouped, Double(state.orders) / Double(max(1, most)), share)
        }
        return (["Orders by state"] + lines).joined(separator: "\n")
    }

    private var revenueByDay: String {
        let shown = report.days.suffix(shownDays)
        guard !shown.isEmpty else { return "" }
        let most = shown.map(\.revenueCents).max() ?? 0
        var lines = ["Revenue by day (UTC)"]
        let earlier = report.days.dropLast(shownDays)
        if !earlier.isEmpty {
            lines.append(row("\(earlier.count) days before", earlier.reduce(0) { $0 + $1.revenueCents }.euros, 0, ""))
        }
        lines += shown.map { day in
            let fraction = Double(max(0, day.revenueCents)) / Double(max(1, most))
            return row(day.day, day.revenueCents.euros, fraction, day == report.busiestDay ? "busiest" : "")
        }
        return lines.joined(separator: "\n")
    }

    private var totals: String {
        var lines = ["In all", fact("orders", report.orders.grouped), fact("items", report.items.grouped)]
        lines.append(fact("paid", report.paidCents.euros))
        lines.append(fact("refunded", (-report.refundedCents).euros))
        lines.append(fact("revenue", (report.paidCents - report.refundedCents).euros))
        if !report.days.isEmpty {
            lines.append(fact("a day", ((report.paidCents - report.refundedCents) / report.days.count).euros))
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ label: String, _ number: String, _ fraction: Double, _ remark: String) -> String {
        let bar = Bar.text(fraction, width: barWidth)
        let line = fact(label, number) + "  " + (remark.isEmpty ? bar : bar + " " + remark)
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private func fact(_ label: String, _ number: String) -> String {
        "  " + label.padded(to: 14) + String(repeating: " ", count: max(0, 14 - number.count)) + number
    }
}

/// A horizontal bar of block characters, to an eighth of a column.
enum Bar {
    static func text(_ fraction: Double, width: Int) -> String {
        guard fraction > 0, fraction.isFinite else { return "" }
        // What is there at all can be seen.
        let eighths = max(1, Int((min(1, fraction) * Double(width * 8)).rounded()))
        let rest = eighths % 8
        return String(repeating: "█", count: eighths / 8) + (rest == 0 ? "" : String(Array("▏▎▍▌▋▊▉")[rest - 1]))
    }
}

extension Int {
    /// As an amount of so many cents.
    var euros: String {
        let rest = magnitude % 100
        let whole = Int(exactly: magnitude / 100) ?? 0
        return "\(self < 0 ? "-" : "")\(whole.grouped).\(rest < 10 ? "0" : "")\(rest) €"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
