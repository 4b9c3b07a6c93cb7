import Martlet
import MartletCLI
import OrderProviders

/// The command `audit`.
struct AuditCommand: Sendable {
    static let syntax = CommandSyntax(
        "audit", "checks the log against the providers' ledger once all fulfilments have ended; changes nothing",
        options: [.flag("json", "print one JSON object instead of a table")],
        examples: [
            .init("audit", "does everything add up? the exit code is 1 when something does not"),
            .init("audit --json > audit.json", "for a script"),
        ])

    private let audit: ShopAudit

    init(_ application: Application) {
        audit = ShopAudit(application.pool, schema: application.schema)
    }

    var command: Command {
        Command(Self.syntax) { arguments in
            let verdict = try await run(arguments)
            StandardStream.output.writeLine(verdict.text)
            return verdict.exitCode
        }
    }

    /// Returns what is to be printed on standard output, and a failure when there is a finding.
    func run(_ arguments: Arguments) async throws -> (text: String, exitCode: ExitCode) {
        let report = AuditReport(findings: try await audit.run())
        let text = arguments.has("json") ? try report.json : AuditPage(report).text
        return (text, report.isClean ? .success : .failure)
    }
}

/// What an audit came to, check by check.
struct AuditReport: Encodable, Sendable {
    struct Check: Encodable, Sendable {
        let name: String
        let findings: [ShopAudit.Finding]
    }

    let checks: [Check]
    let isClean: Bool

    init(findings: [ShopAudit.Finding]) {
        let byCheck = Dictionary(grouping: findings, by: \.check)
        checks = ShopAudit.checks.map { Check(name: $0, findings: byCheck[$0] ?? []) }
        isClean = findings.isEmpty
    }
}
