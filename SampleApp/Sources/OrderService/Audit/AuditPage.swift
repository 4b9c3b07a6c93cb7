import MartletCLI
import OrderProviders

/// An audit as a page for a terminal: a line for each check, and below it what it found.
struct AuditPage: Sendable {
    private let report: AuditReport
    /// Of one check; the rest is counted.
    private let shownFindings = 20

    init(_ report: AuditReport) {
        self.report = report
    }

    var text: String {
        let width = report.checks.map(\.name.count).max() ?? 0
        let table = report.checks.map { check in
            let space = String(repeating: " ", count: width - check.name.count)
            return "  \(check.name)\(space)  \(check.findings.isEmpty ? "ok" : Self.count(check.findings.count))"
        }
        let details = report.checks.filter { !$0.findings.isEmpty }.map(list)
        return ([table.joined(separator: "\n")] + details + [verdict]).joined(separator: "\n\n")
    }

    private var verdict: String {
        let findings = report.checks.reduce(0) { $0 + $1.findings.count }
        return findings == 0 ? "everything adds up" : Self.count(findings)
    }

    private func list(_ check: AuditReport.Check) -> String {
        var lines = check.findings.prefix(shownFindings).map { finding in
            "  \(finding.subject): expected \(finding.expected), found \(finding.found)"
        }
        let rest = check.findings.count - lines.count
        if rest > 0 { lines.append("  and \(rest.grouped) more") }
        return ([check.name] + lines).joined(separator: "\n")
    }

    private static func count(_ findings: Int) -> String {
        "\(findings.grouped) finding\(findings == 1 ? "" : "s")"
    }
}
