public import Martlet

/// Checks the books of a shop in which no fulfilment is under way any more: the log against the providers' ledger, by SQL
/// over the tables alone, so that it shares no error with the code that wrote them.
public struct ShopAudit: Sendable {
    /// Something that does not add up.
    public struct Finding: Codable, Hashable, Sendable {
        /// One of ``ShopAudit/checks``.
        public let check: String
        /// Which order, article or key.
        public let subject: String
        public let expected: String
        public let found: String

        public init(check: String, subject: String, expected: String, found: String) {
            (self.check, self.subject, self.expected, self.found) = (check, subject, expected, found)
        }
    }

    private let pool: ConnectionPool
    private let schema: SQLIdentifier

    /// - Parameter schema: where Martlet's tables live.
    public init(_ pool: ConnectionPool, schema: SQLIdentifier = "martlet") {
        (self.pool, self.schema) = (pool, schema)
    }

    /// What is checked, in that order.
    public static var checks: [String] { AuditCheck.all.map(\.name) }

    /// Makes every check, on one snapshot of the database; no finding is a clean bill.
    /// - Throws: `PostgresError`, also when there are no such tables; `PostgresDecodingError`.
    public func run() async throws -> [Finding] {
        try await pool.transaction(.repeatableRead) { transaction in
            var findings: [Finding] = []
            for check in AuditCheck.all { findings += try await check.findings(in: transaction, schema) }
            return findings
        }
    }
}

/// One rule, and the statement that returns what breaks it as rows of subject, expected, found.
struct AuditCheck: Sendable {
    let name: String
    private let statement: @Sendable (_ events: SQL, _ ledger: SQL) -> SQL

    init(_ name: String, _ statement: @escaping @Sendable (_ events: SQL, _ ledger: SQL) -> SQL) {
        (self.name, self.statement) = (name, statement)
    }

    static let all = fulfilments + money + goods + entries

    fileprivate func findings(
        in transaction: Transaction, _ schema: SQLIdentifier
    ) async throws -> [ShopAudit.Finding] {
        let sql = statement("\(schema).events", "\(ProviderLedger.schema).ledger")
        return try await transaction.query("SELECT * FROM (\(sql)) AS found ORDER BY 1").map { row in
            let (subject, expected, found) = try row.decode(String.self, String.self, String.self)
            return ShopAudit.Finding(check: name, subject: subject, expected: expected, found: found)
        }
    }
}
