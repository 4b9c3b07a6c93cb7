import FoundationEssentials
public import Martlet

/// What the simulated providers remember, as it would lie with them: in tables of their own, on connections of their own,
/// and out of the reach of the shop's transactions.
///
/// `ledger` has an entry for each request that was answered, one to a key; `calls` counts how often each key came.
public struct ProviderLedger: Sendable {
    public static let schema: SQLIdentifier = "providers"

    private let pool: ConnectionPool

    /// - Parameter pool: used by nobody else, or else the shop's transactions and the providers wait for each other.
    public init(_ pool: ConnectionPool) {
        self.pool = pool
    }

    /// Makes the tables that are missing.
    /// - Throws: `MigrationError`, `PostgresError`.
    public func prepare() async throws {
        try await Migrator(schema: Self.schema, migrations: Self.migrations).migrate(pool)
    }

    /// Counts a call, whatever becomes of it, and returns how often its key has come.
    func countCall(of provider: String, _ request: some LedgerRequest, key: String) async throws -> Int {
        let rows = try await pool.query(
            """
            INSERT INTO \(Self.schema).calls AS known (provider, order_id, kind, key)
            VALUES (\(provider), \(request.order), \(request.kind), \(key))
            ON CONFLICT ON CONSTRAINT calls_pkey DO UPDATE SET
                calls = known.calls + 1, last_called_at = clock_timestamp()
            RETURNING calls
            """)
        return try rows.first?.decode(Int.self) ?? 1
    }

    /// The answer that the key got before, or else the one that `decide` comes to, which is kept for ever.
    ///
    /// Requests about one order are decided one after the other.
    /// - Returns: nil when the key belongs to another request.
    func answer<Request: LedgerRequest, Answer: Codable & Sendable>(
        of provider: String, to request: Request, key: String, decide: (LedgerAccount) -> LedgerEntry<Answer>
    ) async throws -> Answer? {
        try await pool.transaction { transaction in
            transaction.enqueue(
                "SELECT pg_advisory_xact_lock(hashtextextended(\("\(provider)/\(request.order)"), 0))")
            let known = try await transaction.query(
                "SELECT request, answer FROM \(Self.schema).ledger WHERE provider = \(provider) AND key = \(key)")
            if let (asked, answered) = try known.first?.decode(JSON.self, JSON.self) {
                return try asked.value(as: Request.self) == request ? try answered.value(as: Answer.self) : nil
            }
            let entry = decide(try await account(of: provider, request.order, in: transaction))
            transaction.enqueue(
                """
                INSERT INTO \(Self.schema).ledger (cents, provider, order_id, kind, key, request, answer)
                VALUES (\(entry.cents), \(provider), \(request.order), \(entry.kind.rawValue), \(key),
                    \(try JSON(encoding: request)), \(try JSON(encoding: entry.answer)))
                """)
            return entry.answer
        }
    }

    private func account(
        of provider: String, _ order: String, in transaction: Transaction
    ) async throws -> LedgerAccount {
        let rows = try await transaction.query(
            """
            SELECT kind, least(sum(cents), 9223372036854775807)::bigint FROM \(Self.schema).ledger
            WHERE provider = \(provider) AND order_id = \(order) GROUP BY kind
            """)
        var cents: [EntryKind: Int] = [:]
        for row in rows {
            let (kind, sum) = try row.decode(String.self, Int.self)
            if let kind = EntryKind(rawValue: kind) { cents[kind] = sum }
        }
        return LedgerAccount(cents)
    }
}

extension JSON {
    fileprivate init(encoding value: some Encodable) throws {
        self.init(bytes: Array(try JSONEncoder().encode(value)))
    }

    fileprivate func value<Value: Decodable>(as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
