import Martlet
import MartletMessaging
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

/// Writes each message into the table "effects", in the order in which it comes, unless the test has it fail.
struct Notes: MessageHandler {
    static let name = "notes"
    static let topics: [TopicName] = ["orders"]
    static let policy = ConsumerPolicy(attempts: 3, firstDelay: .milliseconds(20), longestDelay: .milliseconds(40))

    var behave: @Sendable (Message) throws -> Void = { _ in }

    func handle(_ message: Message, in transaction: Transaction) async throws {
        transaction.enqueueEffect(of: message)
        try behave(message)
    }
}

extension Transaction {
    func enqueueEffect(of message: Message) {
        enqueue("INSERT INTO effects (key, value) VALUES (\(message.key ?? ""), \(message.text))")
    }
}

extension Message {
    var text: String { String(decoding: data, as: UTF8.self) }
}

/// What one producer sends to one partition, numbered as a relay does it.
struct Sender {
    let producer: String
    var sequence: Int64 = 0
    var last: Int64 = -1

    init(_ producer: String) { self.producer = producer }

    mutating func record(_ key: String?, _ value: String) -> Record {
        sequence += 10
        defer { last = sequence }
        return Record(
            key: key.map { Array($0.utf8) }, value: Array(value.utf8),
            headers: [
                .init("martlet-producer", producer), .init("martlet-sequence", "\(sequence)"),
                .init("martlet-after", "\(last)"), .init("ce_traceparent", "00-trace"),
            ])
    }
}

struct Effect: Hashable {
    let key: String
    let value: String
}

/// A database with a table of effects, and consumers of a log that has its effects there.
struct Stage: Sendable {
    let database: ThrowawayDatabase
    let pool: ConnectionPool
    let incidents = Incidents()

    static func with(_ body: (Stage) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 6)
            try await pool.query("CREATE TABLE effects (n bigint GENERATED ALWAYS AS IDENTITY, key text, value text)")
            try await body(Stage(database: database, pool: pool))
        }
    }

    func consumers(
        of log: any StreamingLog, steps: ConsumerSteps = .none, patience: Duration = .seconds(60),
        @ConsumersBuilder _ parts: () -> [ConsumerPart]
    ) async throws -> Consumers {
        let consumers = Consumers(
            of: log, ConnectionPool(database.configuration, size: 6), lease: .seconds(2), incidents: incidents.report,
            steps: steps, patience: patience, parts())
        try await consumers.migrate()
        return consumers
    }

    /// In the order in which they took effect.
    func effects() async throws -> [Effect] {
        try await pool.query("SELECT key, value FROM effects ORDER BY n").map { row in
            let (key, value) = try row.decode(String.self, String.self)
            return Effect(key: key, value: value)
        }
    }

    func count() async throws -> Int { try await effects().count }

    func values(of key: String) async throws -> [String] {
        try await effects().filter { $0.key == key }.map(\.value)
    }
}

final class Incidents: Sendable {
    private let all = Mutex<[String]>([])

    var report: IncidentReport { IncidentReport { incident in self.all.withLock { $0.append("\(incident)") } } }

    func has(_ text: String) -> Bool { count(of: text) > 0 }

    func count(of text: String) -> Int { all.withLock { $0.count { $0.contains(text) } } }
}

/// Runs consumers beside a test, again and again where a step ends them.
func running<Result>(_ consumers: Consumers..., body: () async throws -> Result) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for each in consumers {
            group.addTask {
                while !Task.isCancelled {
                    do { try await each.run() } catch is ConsumerSteps.Crash {}
                }
            }
        }
        defer { group.cancelAll() }
        return try await body()
    }
}

/// Expects something to come to hold before half a minute has passed.
func becomesTrue(
    sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("it did not come to hold within half a minute", sourceLocation: sourceLocation)
}
