import Foundation
import MartletCLI
import MartletTesting
import OrderProviders
import Testing

@testable import OrderService

struct AuditPageTests {
    @Test func `a page has a line for each check, and what it found`() {
        let findings = (1...22).map { number in
            ShopAudit.Finding(
                check: "one entry for a key", subject: "payment key \(number)", expected: "1 entry", found: "2 entries")
        }
        let late = ShopAudit.Finding(
            check: "a fulfilment ends once", subject: "2026-1", expected: "an end", found: "none")
        let page = AuditPage(AuditReport(findings: findings + [late])).text
        #expect(
            page.hasPrefix(
                """
                  a fulfilment ends once                            1 finding
                  completed at the total of its lines               ok
                """))
        #expect(page.contains("\n  one entry for a key                               22 findings\n"))
        #expect(page.contains("\n\na fulfilment ends once\n  2026-1: expected an end, found none\n\n"))
        #expect(page.contains("\n  payment key 20: expected 1 entry, found 2 entries\n  and 2 more\n"))
        #expect(!page.contains("payment key 21"))
        #expect(page.hasSuffix("\n\n23 findings"))
        #expect(AuditPage(AuditReport(findings: [])).text.hasSuffix("  ok\n\neverything adds up"))
    }
}

@Suite(.tags(.database)) struct AuditCommandTests {
    @Test func `an audit ends well when everything adds up, and badly when not`() async throws {
        try await ThrowawayDatabase.with { database in
            #expect(try await ServiceProgram(["migrate"], on: database).end() == 0)
            #expect(try await ServiceProgram(["audit"], on: database).end() == 0)

            let application = OrderApplication.on(database.configuration, connections: 1)
            let router = OrdersAPI(application).router
            _ = try await router.answer(.post, "/orders", body: Array(orderBody("a").utf8))
            _ = try await router.answer(.post, "/orders/a/fulfilment")
            #expect(try await ServiceProgram(["audit"], on: database).end() == ExitCode.failure.rawValue)

            let verdict = try await AuditCommand(application).run(try AuditCommand.syntax.parse(["--json"]))
            #expect(verdict.exitCode == .failure)
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(verdict.text.utf8)) as? [String: Any])
            #expect(json["isClean"] as? Bool == false)
            let checks = try #require(json["checks"] as? [[String: Any]])
            #expect(checks.compactMap { $0["name"] as? String } == ShopAudit.checks)
            let findings = try #require(checks.first?["findings"] as? [[String: Any]])
            #expect(findings.map { $0["subject"] as? String } == ["a"])
        }
    }
}
