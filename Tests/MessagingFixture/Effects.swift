import Martlet
import MartletPostgres
import Synchronization

/// Writes each message down and adds it up without looking: one that takes effect twice, or not at all, shows.
struct Effects: MessageHandler {
    static let name = "effects"
    static let topics: [TopicName] = [Counts.topic.name]
    static let policy = ConsumerPolicy(
        attempts: 20, firstDelay: .milliseconds(20), longestDelay: .milliseconds(60), page: FetchLimits(records: 20))

    /// How often what begins with "touchy" fails in this process.
    private let failures: Int
    private let tries = Tries()

    init(failures: Int = 3) { self.failures = failures }

    /// What begins with "touchy" fails a few times in each process, and what begins with "poison" until there is a cure;
    /// both when their effects are written already.
    func handle(_ message: Message, in transaction: Transaction) async throws {
        let counted = try message.decode(Counted.self)
        transaction.enqueue(
            """
            INSERT INTO effects (key, number, copy, message_id)
            VALUES (\(counted.key), \(counted.number), \(counted.copy), \(message.id))
            """)
        transaction.enqueue(
            """
            UPDATE counters SET effects = effects + 1, numbers = numbers + \(counted.number) WHERE key = \(counted.key)
            """)
        if counted.text.hasPrefix("touchy"), tries.count(message.id ?? "") <= failures { throw Indisposed() }
        if counted.text.hasPrefix("poison"), try await transaction.query("SELECT FROM cures").isEmpty {
            throw Indisposed()
        }
    }

    static func makeTables(in pool: ConnectionPool) async throws {
        for statement: SQL in [
            """
            CREATE TABLE effects (
                n bigint GENERATED ALWAYS AS IDENTITY, number bigint NOT NULL, copy bigint NOT NULL, key text NOT NULL,
                message_id text NOT NULL)
            """,
            "CREATE TABLE counters (key text PRIMARY KEY, effects bigint NOT NULL, numbers bigint NOT NULL)",
            "INSERT INTO counters SELECT 'k' || k, 0, 0 FROM generate_series(0, 31) k",
            "CREATE TABLE cures (name text NOT NULL)",
            "CREATE TABLE pages (records bigint NOT NULL)",
        ] { try await pool.execute(statement) }
    }
}

struct Indisposed: Error {}

private final class Tries: Sendable {
    private let messages = Mutex<[String: Int]>([:])

    /// How often it was tried with this time.
    func count(_ message: String) -> Int {
        messages.withLock { messages in
            messages[message, default: 0] += 1
            return messages[message, default: 0]
        }
    }
}

/// Takes a tenth of a second for each page.
struct Slowly: BatchMessageHandler {
    static let name = "slowly"
    static let topics: [TopicName] = ["backlog"]
    static let policy = ConsumerPolicy(page: FetchLimits(records: 20))

    func handle(_ messages: [Message], in transaction: Transaction) async throws {
        transaction.enqueue("INSERT INTO pages VALUES (\(messages.count))")
        try await Task.sleep(for: .milliseconds(100))
    }
}
