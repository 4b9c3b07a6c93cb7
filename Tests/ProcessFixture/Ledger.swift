import FoundationEssentials
import Martlet
import MartletPostgres

/// What both providers keep: each effective key once, and every call.
struct Ledger: Sendable {
    // Not the application's: a provider's book is not the caller's.
    let pool = ConnectionPool(.environment, size: 4)

    func prepare() async throws {
        for statement: SQL in [
            "CREATE SCHEMA provider",
            """
            CREATE TABLE provider.entries (
                key text PRIMARY KEY, kind text NOT NULL, transfer text NOT NULL, answer text NOT NULL)
            """,
            "CREATE TABLE provider.calls (key text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())",
            "CREATE INDEX ON provider.calls (key)",
        ] { try await pool.execute(statement) }
    }

    /// How often the key was asked before, this time included.
    func count(_ key: IdempotencyKey) async throws -> Int {
        try await pool.execute("INSERT INTO provider.calls (key) VALUES (\(key.rawValue))")
        return try await pool.query("SELECT count(*) FROM provider.calls WHERE key = \(key.rawValue)")[0]
            .decode(Int.self)
    }

    /// The answer that the key has got first.
    func enter(_ key: IdempotencyKey, _ kind: String, _ transfer: String, _ answer: String) async throws -> String {
        try await pool.execute(
            """
            INSERT INTO provider.entries VALUES (\(key.rawValue), \(kind), \(transfer), \(answer))
            ON CONFLICT (key) DO NOTHING
            """)
        return try await pool.query("SELECT answer FROM provider.entries WHERE key = \(key.rawValue)")[0]
            .decode(String.self)
    }
}

struct OutOfOrder: Error {}

/// What fate a transfer has, the same in every process: of a hundred, its lot for each question.
func lot(_ transfer: String, _ question: String) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "\(transfer)/\(question)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    return Int((hash ^ (hash >> 33)) % 100)
}

/// Says whether a transfer may be; is out of order at times, and silent about some, before or after it has decided.
struct Examiner: ActivityProvider {
    static let name = "examiner"
    enum Answer: String, Codable, Sendable {
        case clear = "clear"
        case suspicious = "suspicious"
    }

    let ledger: Ledger
    let policy = CallPolicy(
        timeout: .milliseconds(700), attempts: 4, pause: .milliseconds(50), longestPause: .milliseconds(400),
        failuresToOpen: 50, recovery: .milliseconds(200))

    func perform(_ transfer: String, key: IdempotencyKey) async throws -> Answer {
        let count = try await ledger.count(key)
        let disorder = lot(transfer, "out of order")
        if disorder < 5 || (disorder < 20 && count < 3) { throw OutOfOrder() }
        let silence = lot(transfer, "silent")
        if silence < 4 { try await Task.sleep(for: .seconds(3600)) }
        let answer: Answer = lot(transfer, "suspicious") < 15 ? .suspicious : .clear
        let entered = try await ledger.enter(key, "examine", transfer, answer.rawValue)
        if silence < 8 || (silence < 16 && count < 2) { try await Task.sleep(for: .seconds(3600)) }
        return Answer(rawValue: entered) ?? .suspicious
    }
}

/// Writes down what was settled, and strikes it out again: it may be out of order, and always answers in the end.
struct Clerk: ActivityProvider {
    static let name = "clerk"
    struct Request: Codable, Sendable {
        let kind: String
        let transfer: String
    }
    enum Answer: String, Codable, Sendable {
        case done = "done"
        case no = "no"
    }

    let ledger: Ledger
    let policy = CallPolicy(
        timeout: .seconds(3), attempts: 100_000, pause: .milliseconds(20), longestPause: .milliseconds(200),
        failuresToOpen: 50, recovery: .milliseconds(200))

    func perform(_ request: Request, key: IdempotencyKey) async throws -> Answer {
        let count = try await ledger.count(key)
        if lot(request.transfer, request.kind) < 20, count < 3 { throw OutOfOrder() }
        let answer: Answer = request.kind == "settle" && lot(request.transfer, "settle") >= 90 ? .no : .done
        return Answer(rawValue: try await ledger.enter(key, request.kind, request.transfer, answer.rawValue)) ?? .no
    }
}
